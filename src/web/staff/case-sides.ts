import type { CaseCustomer, CaseFacts, CaseRecord, Holding } from '../../app/case-record.ts'
import { COUNTED } from '../../app/reconciliation.ts'
import type { Instant } from '../../domain/instant.ts'
import type { LastEvent } from '../../storage/parked.ts'
import { exactTime } from '../kit/exact-time.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { counted, customerLink, customerWords, nameOf } from './case-words.ts'

/** Both sides of a case: what the work provider said, and what we know. */
export function bothSides(visit: StaffVisit, record: CaseRecord): Markup {
  const time = (at: Instant): Markup => exactTime(at, visit.context.timeZone)
  return html`<section class="card" aria-labelledby="their-side">
      <h2 id="their-side">What ${record.workProvider.name} said</h2>
      ${theirSide(record, time)}
    </section>
    <section class="card" aria-labelledby="our-side">
      <h2 id="our-side">What we know</h2>
      ${ourSide(record.facts, time)}
    </section>`
}

type Time = (at: Instant) => Markup

function theirSide({ name, facts }: CaseRecord, time: Time): Markup {
  if (facts.of === 'match') {
    return html`<p>Customer number <code>${name.about}</code></p>
      <div class="scroll" role="region" aria-label="Words" tabindex="0">
        <table>
          <caption>
            Its last words, newest first
          </caption>
          <thead>
            <tr>
              <th scope="col">Received</th>
              <th scope="col">Word</th>
              <th scope="col">Request</th>
            </tr>
          </thead>
          <tbody>
            ${facts.words.map(
              ({ receivedAt, success, requestId }) =>
                html`<tr>
                  <td>${time(receivedAt)}</td>
                  <td>${success ? 'recognised' : 'failed'}</td>
                  <td><code>${requestId}</code></td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>`
  }
  const kind = name.kind === 'parked customer number' ? 'Customer number' : 'User id'
  return html`<p>${kind} <code>${name.about}</code></p>
    ${facts.of === 'parked' ? reportsOf(facts, time) : nothing} ${eventsTable(facts.latest, time)}`
}

function reportsOf({ reports }: Extract<CaseFacts, { of: 'parked' }>, time: Time): Markup {
  if (reports.firstAt === null || reports.lastAt === null) return nothing
  return html`<dl class="facts">
    <dt>Events that are nobody’s</dt>
    <dd>${counted(reports.events, COUNTED)}</dd>
    <dt>First</dt>
    <dd>${time(reports.firstAt)}</dd>
    <dt>Last</dt>
    <dd>${time(reports.lastAt)}</dd>
  </dl>`
}

function eventsTable(latest: readonly LastEvent[], time: Time): Markup {
  if (latest.length === 0) return html`<p>It reported nothing of this id.</p>`
  return html`<div class="scroll" role="region" aria-label="Events" tabindex="0">
    <table>
      <caption>
        Its last events, latest first
      </caption>
      <thead>
        <tr>
          <th scope="col">At</th>
          <th scope="col">What</th>
          <th scope="col">Received</th>
          <th scope="col">Request</th>
        </tr>
      </thead>
      <tbody>
        ${latest.map(
          ({ at, kind, receivedAt, requestId, isAnnulled }) =>
            html`<tr>
              <td>${time(at)}</td>
              <td>${kind}${isAnnulled ? html` <span class="soft">(annulled)</span>` : nothing}</td>
              <td>${time(receivedAt)}</td>
              <td><code>${requestId}</code></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function ourSide(facts: CaseFacts, time: Time): Markup {
  if (facts.of === 'match') {
    if (facts.customer === null) return html`<p>Nobody has this number.</p>`
    return html`<dl class="facts">
      ${customerFacts('Customer', facts.customer, time)}
      ${
        facts.declinedAt === null
          ? nothing
          : html`<dt>Said no</dt>
              <dd>${time(facts.declinedAt)}</dd>`
      }
    </dl>`
  }
  if (facts.of === 'claim') {
    return html`<dl class="facts">
        ${
          facts.holder === null
            ? html`<dt>Holds it</dt>
                <dd>nobody</dd>`
            : customerFacts('Holds it', facts.holder, time)
        }
        ${customerFacts('Claims it', facts.claimant, time)}
        <dt>First claimed</dt>
        <dd>${time(facts.claimedAt)}</dd>
      </dl>
      ${earlierHolders(facts.holdings, time)}`
  }
  const hasNothing = facts.namesake === null && facts.holdings.length === 0 && facts.claimants.length === 0
  return html`${hasNothing ? html`<p>Nothing: no customer has this number, and nobody ever held or claimed it.</p>` : nothing}
  ${
    facts.namesake === null
      ? nothing
      : html`<dl class="facts">${customerFacts('Customer of that number', facts.namesake, time)}</dl>`
  }
  ${earlierHolders(facts.holdings, time)}
  ${facts.claimants.length === 0 ? nothing : html`<p>Claimed by ${facts.claimants.map((one) => html`${customerLink(one)} `)}</p>`}`
}

function customerFacts(label: string, customer: CaseCustomer, time: Time): Markup {
  return html`<dt>${label}</dt>
    <dd>
      ${customerLink(customer.customerNumber)} ${nameOf(customer)}, ${customerWords(customer)}
      ${customer.consent === null ? nothing : html`since ${time(customer.consent.at)}`}
    </dd>`
}

function earlierHolders(holdings: readonly Holding[], time: Time): Markup {
  if (holdings.length === 0) return nothing
  return html`<h3>Who held it</h3>
    <ul>
      ${holdings.map(
        ({ customerNumber, until }) =>
          html`<li>${customerLink(customerNumber)} ${until === null ? 'until now' : html`until ${time(until)}`}</li>`,
      )}
    </ul>`
}
