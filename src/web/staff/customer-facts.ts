import type { DeskCustomer } from '../../app/desk-customer.ts'
import type { StreamRecord } from '../../domain/customer-record.ts'
import { formatInstant, type Instant } from '../../domain/instant.ts'
import { contains, FOREVER } from '../../domain/interval.ts'
import { type Binding, consentAt, holding, isActiveAt } from '../../domain/link.ts'
import { type Policy, validity } from '../../domain/policy.ts'
import type { AuditLine } from '../../storage/audit.ts'
import { exactTime } from '../kit/exact-time.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { formatExactly } from '../kit/times.ts'
import { customerPath, requestPath } from './paths.ts'
import { policyWords } from './timeline-words.ts'

/* The facts on a customer's page, each section a table; `mayChange`: with ways to change them. */

export type Shown = {
  readonly about: DeskCustomer
  readonly timeZone: string
  readonly mayChange: boolean
  /** The address of something of the customer, as known at what is shown. */
  readonly below: (path: string) => string
}

export function who({ about: { customer }, timeZone }: Shown): Markup {
  const { customerNumber, name, email, phone, recordedAt, accountId, erasedAt } = customer
  if (erasedAt !== null) {
    return html`<dl class="facts">
      <dt>Customer number</dt>
      <dd>${customerNumber}</dd>
      <dt>Known since</dt>
      <dd>${formatExactly(recordedAt, timeZone)}</dd>
      <dt>Erased</dt>
      <dd>${formatExactly(erasedAt, timeZone)}: name, telephone and addresses are gone for good</dd>
    </dl>`
  }
  return html`<dl class="facts">
    <dt>Customer number</dt>
    <dd>${customerNumber}</dd>
    <dt>Name</dt>
    <dd>${name ?? 'not known'}</dd>
    <dt>E-mail</dt>
    <dd>${email}</dd>
    <dt>Telephone</dt>
    <dd>${phone ?? 'not known'}</dd>
    <dt>Known since</dt>
    <dd>${formatExactly(recordedAt, timeZone)}</dd>
    <dt>Account</dt>
    <dd>${accountId === null ? 'none: they have not signed up' : 'they log in with the address above'}</dd>
  </dl>`
}

export function policies(shown: Shown): Markup {
  const { about, timeZone, mayChange, below } = shown
  const { record, now } = about.reading
  const names = new Map(about.providers.map((one) => [one.id, one.name]))
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="Policies">
    <table>
      <thead>
        <tr>
          <th scope="col">Policy</th>
          <th scope="col">Good for</th>
          <th scope="col">Valid from</th>
          <th scope="col">To</th>
          <th scope="col">Became known</th>
          <th scope="col">Id</th>
        </tr>
      </thead>
      <tbody>
        ${record.policies.map((policy) => {
          const only =
            policy.workProviderId === null ? 'every work provider' : `${names.get(policy.workProviderId)} only`
          return html`<tr>
            <td class="name">${policyWords(policy)}${mayChange ? policyLink(policy, now, shown) : nothing}</td>
            <td class="name">${only}</td>
            <td>${exactTime(policy.validFrom, timeZone)}</td>
            <td>${policyEnd(policy, now, timeZone)}</td>
            <td>${exactTime(policy.recordedAt, timeZone)}</td>
            <td><code>${policy.id}</code></td>
          </tr>`
        })}
      </tbody>
    </table>
  </div>`
  const make = html`<p class="no-print">
    <a class="button button-second" href="${below('/policies/new')}">Make a policy</a>
  </p>`
  return html`<section class="card" aria-labelledby="policies">
    <h2 id="policies">Policies</h2>
    ${record.policies.length === 0 ? html`<p>There is no policy.</p>` : table} ${mayChange ? make : nothing}
    <p class="no-print"><a href="${below('/policies.csv')}">Policies (CSV)</a></p>
  </section>`
}

function policyLink(policy: Policy, now: Instant, { about, below }: Shown): Markup {
  if (validity(policy).to <= now || about.customer.erasedAt !== null) return nothing
  return html`<br /><a class="no-print choice" href="${below(`/policies/${policy.id}`)}">Change or cancel</a>`
}

function policyEnd(policy: Policy, now: Instant, timeZone: string): Markup {
  const { from, to } = validity(policy)
  if (to === FOREVER) return html`until further notice`
  const cancelled = policy.cancellations.length > 0 && to !== policy.validTo
  const isOver = to <= now ? [from === to ? 'never valid' : 'over'] : []
  return html`${exactTime(to, timeZone)} ${[...(cancelled ? ['cancelled'] : []), ...isOver].join(', ')}`
}

export function links(shown: Shown): Markup {
  const { about, mayChange, below } = shown
  const { streams } = about.reading.record
  return html`<section class="card" aria-labelledby="links">
    <h2 id="links">Links</h2>
    ${streams.length === 0 ? html`<p>No work provider is linked.</p>` : streams.map((stream) => link(stream, shown))}
    ${
      mayChange && streams.length < about.providers.length
        ? html`<p class="no-print">
            <a class="button button-second" href="${below('/links/new')}">Link to another work provider</a>
          </p>`
        : nothing
    }
  </section>`
}

function link(stream: StreamRecord, { about, timeZone, mayChange, below }: Shown): Markup {
  const { now } = about.reading
  const consent = consentAt(stream.consents, now)
  const said = consent === null ? 'no consent yet' : consent.given ? 'consent given' : 'consent withdrawn'
  return html`<div class="link">
    <h3>${stream.workProvider}</h3>
    <p>
      ${isActiveAt(stream, now) ? html`<strong>Active</strong>` : 'Not active'}: ${said}. Linked since
      ${formatExactly(stream.link.recordedAt, timeZone)}.
    </p>
    <div class="scroll" tabindex="0" role="region" aria-label="Ids and consents at ${stream.workProvider}">
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">In effect from</th>
            <th scope="col">To</th>
            <th scope="col">Became known</th>
          </tr>
        </thead>
        <tbody>
          ${stream.bindings.map((binding) => bindingRow(binding, now, timeZone))}
          ${stream.consents.map(
            (one) =>
              html`<tr>
                <td>consent ${one.given ? 'given' : 'withdrawn'}${one.signed ? ', through a signed link' : ''}</td>
                <td>${exactTime(one.effectiveAt, timeZone)}</td>
                <td></td>
                <td>${exactTime(one.recordedAt, timeZone)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      mayChange
        ? html`<p class="no-print">
            <a class="choice" href="${below(`/links/${stream.link.id}`)}"
              >Change consent or ids at ${stream.workProvider}</a
            >
          </p>`
        : nothing
    }
  </div>`
}

function bindingRow(binding: Binding, now: Instant, timeZone: string): Markup {
  const { identity, heldFrom, recordedAt, release } = binding
  const kind = identity.kind === 'user_id' ? 'user id' : 'customer number'
  const held = holding(binding)
  return html`<tr>
    <td class="name">
      ${kind} <strong>${identity.text}</strong>${contains(held, now) || release === null ? nothing : ' (released)'}
    </td>
    <td>${heldFrom === null ? 'all events of it' : exactTime(heldFrom, timeZone)}</td>
    <td>${release === null ? nothing : exactTime(held.to, timeZone)}</td>
    <td>${exactTime(recordedAt, timeZone)}</td>
  </tr>`
}

export function matches({ about, timeZone }: Shown): Markup {
  const names = new Map(about.providers.map((one) => [one.id, one.name]))
  return html`<section class="card" aria-labelledby="matches">
    <h2 id="matches">Matches</h2>
    ${
      about.matches.length === 0
        ? html`<p>No work provider said whether it recognises this customer.</p>`
        : html`<ul>
            ${about.matches.map(
              (match) =>
                html`<li>
                  ${names.get(match.workProviderId)} ${match.success ? 'recognises them' : 'found no match'}:
                  ${formatExactly(match.receivedAt, timeZone)},
                  <a href="${requestPath(match.requestId)}">its request</a>
                </li>`,
            )}
          </ul>`
    }
  </section>`
}

export function auditLines({ about, timeZone }: Shown): Markup {
  const { customerNumber } = about.customer
  return html`<section class="card no-print" aria-labelledby="audit">
    <h2 id="audit">Who did what</h2>
    ${
      about.audit.length === 0
        ? html`<p>Nobody changed anything of this customer.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="Who did what">
            <table>
              <tbody>
                ${about.audit.map((line) => auditRow(line, timeZone))}
              </tbody>
            </table>
          </div>`
    }
    <p><a href="/staff/audit?customer=${encodeURIComponent(customerNumber)}">All of it</a></p>
  </section>`
}

function auditRow(line: AuditLine, timeZone: string): Markup {
  const details = JSON.stringify(line.details)
  return html`<tr>
    <td><time datetime="${formatInstant(line.at)}">${formatExactly(line.at, timeZone)}</time></td>
    <td class="name">${line.by.name} <span class="soft">(${line.by.kind})</span></td>
    <td>${line.action}</td>
    <td class="name">${line.workProvider ?? ''}</td>
    <td class="name"><code>${details === '{}' ? '' : details}</code></td>
  </tr>`
}

/** The page of a customer, without anything chosen. */
export function backToCustomer(customerNumber: string): Markup {
  return html`<p><a href="${customerPath(customerNumber)}">Back to customer ${customerNumber}</a></p>`
}
