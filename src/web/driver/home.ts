import type { ShiftOf } from '../../app/customer-record.ts'
import { type DriverRecord, readDriver } from '../../app/driver-record.ts'
import { type Instant, plus } from '../../domain/instant.ts'
import { contains, FOREVER } from '../../domain/interval.ts'
import { consentAt, holding } from '../../domain/link.ts'
import { type Policy, validity } from '../../domain/policy.ts'
import { SHARED_FIELDS } from '../../domain/shared-fields.ts'
import type { Standing } from '../../domain/standing.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import { formatDate, formatDay, formatLength, formatMoment, formatTime } from '../kit/times.ts'
import type { DriverVisit } from '../kit/visit.ts'
import { coverNow } from './cover-words.ts'
import { timeline } from './timeline.ts'
import { type Day, hoursOfDays, lastDays, shiftsOfDays, type WeekShift } from './week.ts'

/** GET /home */
export async function showHome(visit: DriverVisit): Promise<Response> {
  const { customer, account } = visit.driver
  const { timeZone } = visit.context
  const driver = await readDriver(visit.context, customer.customerNumber)
  const now = coverNow(driver.standings, driver.now, timeZone)
  const body = html`<h1>Hello, ${customer.name ?? account.name}</h1>
    ${driver.waiting.map(waitingNote)}
    <section class="card state ${now.isCovered ? 'state-good' : ''}" aria-labelledby="now">
      <h2 class="unseen" id="now">Now</h2>
      <p><strong>${now.headline}</strong> ${now.why}</p>
    </section>
    ${shiftsCard(driver, timeZone)} ${policyCard(driver, timeZone)}
    <section class="card" aria-labelledby="links">
      <h2 id="links">Who may look</h2>
      ${
        driver.standings.length === 0
          ? html`<p>
              You are not linked to a work provider yet. Open the link in the app of the company that you work for: it
              brings you back here.
            </p>`
          : html`<p>While you share, a work provider sees:</p>
              <ul>
                ${SHARED_FIELDS.map((shared) => html`<li>${shared}</li>`)}
              </ul>
              ${driver.standings.map((standing) => linkItem(standing, driver, timeZone))}`
      }
    </section>
    <section class="card" aria-labelledby="mine">
      <h2 id="mine">About you</h2>
      <dl class="facts">
        <dt>Customer number</dt>
        <dd><strong>${customer.customerNumber}</strong></dd>
        <dt>E-mail</dt>
        <dd>${account.email}</dd>
      </dl>
      <p><a href="/account">Change your details or password, take a copy of your data, or close your account</a></p>
    </section>`
  return page(visit, { title: 'Your cover', body, isWide: true })
}

function waitingNote({ id, name }: { id: string; name: string }): Markup {
  return html`<section class="card note">
    <h2>${name} says that you work with them</h2>
    <p>It is told nothing about you, and you are not insured while you work for it, until you agree.</p>
    <form method="post" action="/share/${id}"><button>See what it asks</button></form>
  </section>`
}

function shiftsCard({ shifts, cover, now }: DriverRecord, timeZone: string): Markup {
  const days = lastDays(now, timeZone)
  const recent = shiftsOfDays(shifts, cover, days, now)
  return html`<section class="card" aria-labelledby="shifts">
    <h2 id="shifts">Your last seven days</h2>
    ${timeline({ days, now, timeZone }, shifts, cover)}
    <ul class="legend">
      <li><span></span>on shift</li>
      <li><span class="legend-cover"></span>covered</li>
      <li><span class="legend-now"></span>now</li>
    </ul>
    ${
      recent.length === 0
        ? html`<p>No shifts were reported in these days.</p>`
        : html`${shiftsTable(recent, timeZone)} ${hoursTable(hoursOfDays(shifts, cover, days, now), days, timeZone)}`
    }
  </section>`
}

function shiftsTable(shifts: readonly WeekShift[], timeZone: string): Markup {
  return html`<table>
    <caption>
      Shifts
    </caption>
    <thead>
      <tr>
        <th scope="col">When and for whom</th>
        <th scope="col" class="number">Covered</th>
      </tr>
    </thead>
    <tbody>
      ${shifts.map(
        ({ shift, onShift, covered }) =>
          html`<tr>
            <td class="name">
              ${formatDay(shift.startedAt, timeZone)}, ${formatTime(shift.startedAt, timeZone)} –
              ${endWords(shift, timeZone)}<br /><span class="hint">${shift.workProvider}</span>
            </td>
            <td class="number">${coveredWords(covered, onShift)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function endWords(shift: ShiftOf, timeZone: string): string {
  if (shift.endReason === null) return 'now'
  const end = formatMoment(shift.endedAt ?? shift.capAt, shift.startedAt, timeZone)
  return shift.endReason === 'logout' ? end : `${end} (ended by itself: no logout came)`
}

function coveredWords(covered: number, onShift: number): string {
  if (covered === 0) return 'none'
  return covered === onShift ? formatLength(covered) : `${formatLength(covered)} of ${formatLength(onShift)}`
}

function hoursTable(hours: ReturnType<typeof hoursOfDays>, days: readonly Day[], timeZone: string): Markup {
  const span = `${formatDay(days[0]!.from, timeZone)} to ${formatDay(plus(days.at(-1)!.to, -1), timeZone)}`
  return html`<table>
    <caption>
      Hours, ${span}
    </caption>
    <thead>
      <tr>
        <th scope="col">Work provider</th>
        <th scope="col" class="number">On shift</th>
        <th scope="col" class="number">Covered</th>
      </tr>
    </thead>
    <tbody>
      ${hours.map(
        (one) =>
          html`<tr>
            <td class="name">${one.workProvider}</td>
            <td class="number">${formatLength(one.onShift)}</td>
            <td class="number">${formatLength(one.covered)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function policyCard({ record, now, names }: DriverRecord, timeZone: string): Markup {
  const current = record.policies.filter((policy) => {
    const { from, to } = validity(policy)
    return from < to && to > now
  })
  return html`<section class="card" aria-labelledby="policy">
    <h2 id="policy">Your policy</h2>
    ${
      current.length === 0
        ? html`<p>
            You have no policy that is valid now: you are not insured, whatever is reported. Contact us to get one.
          </p>`
        : current.map((policy) => policyItem(policy, names, now, timeZone))
    }
  </section>`
}

function policyItem(policy: Policy, names: ReadonlyMap<string, string>, now: Instant, timeZone: string): Markup {
  const { from, to } = validity(policy)
  const until = to === FOREVER ? 'until further notice' : `until ${formatDate(plus(to, -1), timeZone)}`
  const begins = from > now ? 'begins' : 'since'
  return html`<dl class="facts">
    <dt>Cover</dt>
    <dd><strong>${policy.coverLevel}</strong></dd>
    <dt>Class of use</dt>
    <dd>${policy.classOfUse}</dd>
    ${
      policy.vehicleRegistration === null
        ? nothing
        : html`<dt>Vehicle</dt>
            <dd>${policy.vehicleRegistration}</dd>`
    }
    ${
      policy.workProviderId === null
        ? nothing
        : html`<dt>Only for</dt>
            <dd>${names.get(policy.workProviderId)!}</dd>`
    }
    <dt>Valid</dt>
    <dd>${begins} ${formatDate(from, timeZone)}, ${until}</dd>
  </dl>`
}

function linkItem({ stream, activeSince }: Standing, { asked, now }: DriverRecord, timeZone: string): Markup {
  const { workProvider, link, bindings } = stream
  const consent = consentAt(stream.consents, now)
  const ids = bindings
    .filter((binding) => binding.identity.kind === 'user_id' && contains(holding(binding), now))
    .map((binding) => binding.identity.text)
  const askedAt = asked.get(link.id)
  const isSharing = consent?.given === true
  return html`<div class="link">
    <h3>${workProvider}</h3>
    <dl class="facts">
      ${
        ids.length === 0
          ? nothing
          : html`<dt>Your id there</dt>
              <dd>${ids.join(', ')}</dd>`
      }
      <dt>Sharing</dt>
      <dd>${sharingWords(consent, activeSince, timeZone)}</dd>
      <dt>Last asked</dt>
      <dd>
        ${askedAt === undefined ? 'never' : `${formatDay(askedAt, timeZone)}, in the hour from ${formatTime(askedAt, timeZone)}`}
      </dd>
    </dl>
    ${
      isSharing
        ? html`<p>
            <a class="button button-danger" href="/withdraw/${link.id}"
              >Stop sharing<span class="unseen"> with ${workProvider}</span></a
            >
          </p>`
        : html`<form method="post" action="/share/${link.workProviderId}">
            <button class="button-second">Share again<span class="unseen"> with ${workProvider}</span></button>
          </form>`
    }
  </div>`
}

function sharingWords(
  consent: { given: boolean; effectiveAt: Instant } | null,
  activeSince: Instant | null,
  timeZone: string,
): string {
  if (consent === null) return 'not agreed to yet'
  if (!consent.given) return `stopped ${formatDate(consent.effectiveAt, timeZone)}`
  if (activeSince === null) return 'agreed, but the link is not complete yet: nothing is shared'
  return `since ${formatDate(activeSince, timeZone)}`
}
