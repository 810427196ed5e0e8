import { type CaseRecord, openCase } from '../../app/case-record.ts'
import { sayOfCase } from '../../app/case-words.ts'
import { COUNTED } from '../../app/reconciliation.ts'
import { type CaseName, type CaseWord, standingOf } from '../../domain/case.ts'
import { mayAs } from '../../domain/desk.ts'
import { Impossible } from '../../domain/errors.ts'
import type { Instant } from '../../domain/instant.ts'
import { errorSummary, field, formError, type FormErrors, hidden, NO_ERRORS, textArea } from '../kit/forms.ts'
import { exactTime } from '../kit/exact-time.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page, seeOther } from '../kit/replies.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { addressOfCase, caseAtAddress } from './case-address.ts'
import { bothSides } from './case-sides.ts'
import { counted, KIND_WORDS, settledWords, WHAT_TO_DO } from './case-words.ts'

/** GET /staff/reconciliation/<kind>/...: a case, open, done or settled. */
export async function showCase(visit: StaffVisit): Promise<Response> {
  const record = await caseOf(visit)
  return record === null ? notFound(visit) : casePage(visit, record, NO_ERRORS)
}

/** POST .../note, /done, /undo: says something of the case. */
export function say(word: CaseWord['word']): (visit: StaffVisit) => Promise<Response> {
  return async (visit) => {
    const record = await caseOf(visit)
    if (record === null) return notFound(visit)
    const seen = Number(visit.form.get('seen') ?? '')
    try {
      await sayOfCase(visit.context, record.name, {
        word,
        note: visit.form.get('note') ?? '',
        seen: Number.isSafeInteger(seen) ? (seen as Instant) : null,
      })
    } catch (error) {
      if (!(error instanceof Impossible)) throw error
      return casePage(visit, record, formError('note', error.message), 422)
    }
    return seeOther(visit, addressOfCase(record.name))
  }
}

/** The case at the address of a visit; null for what never was one. */
export function caseOf(visit: StaffVisit): Promise<CaseRecord | null> {
  const name: CaseName | null = caseAtAddress(visit.path, visit.parameters)
  return name === null ? Promise.resolve(null) : openCase(visit.context, name)
}

export function casePage(visit: StaffVisit, record: CaseRecord, errors: FormErrors, status = 200): Promise<Response> {
  const { name, row, workProvider } = record
  const title = `${KIND_WORDS[name.kind]} at ${workProvider.name}`
  const mayWork = mayAs(visit.person.role, 'operator')
  const body = html`${errorSummary(errors)}
    <p><a href="/staff/reconciliation">Back to the reconciliation</a></p>
    <h1>${title}</h1>
    ${standing(visit, record)} ${bothSides(visit, record)}
    ${
      row === null
        ? nothing
        : html`<section class="card" aria-labelledby="to-do">
            <h2 id="to-do">What to do</h2>
            <p>${WHAT_TO_DO[name.kind]}</p>
            ${mayWork ? ways(visit, record, errors) : nothing}
          </section>`
    }
    ${saidSoFar(visit, record)} ${row === null || !mayWork ? nothing : wordsForm(visit, record, errors)}`
  return page(visit, { title, body, isWide: true, hasErrors: errors.size > 0 }, status)
}

function standing({ context }: StaffVisit, record: CaseRecord): Markup {
  const { row, words, facts } = record
  if (row === null) {
    return html`<div class="card state state-good"><strong>Settled</strong> ${settledWords(record)}</div>`
  }
  const how = standingOf(words, row.happenedAt)
  const sinceDone = facts.of === 'parked' && how === 'done' ? facts.sinceDone : 0
  return html`<div class="card state ${how === 'done' ? 'state-good' : ''}">
    <strong>${how === 'done' ? 'Done' : how === 'open' ? 'Open' : 'Open again'}</strong>
    ${
      sinceDone === 0
        ? nothing
        : html`<p>
            ${counted(sinceDone, COUNTED)} ${sinceDone === 1 ? 'event was' : 'events were'} received since somebody said
            that it is done.
          </p>`
    }
    A case since ${exactTime(row.since, context.timeZone)}
  </div>`
}

/** What an operator can do about the facts themselves: the next page shows what would happen. */
function ways(visit: StaffVisit, { name, facts }: CaseRecord, errors: FormErrors): Markup {
  const at = addressOfCase(name)
  if (facts.of === 'claim') {
    return facts.holder === null
      ? nothing
      : html`<p><a class="button" href="${at}/move">Move the id to ${name.claimant}</a></p>`
  }
  if (facts.of !== 'parked') return nothing
  if (name.kind === 'parked customer number') {
    return facts.namesake === null || facts.namesake.isErased
      ? nothing
      : html`<p><a class="button" href="${at}/bind?customer=${name.about}">Link customer ${name.about}</a></p>`
  }
  return html`<form method="get" action="${at}/bind">
    ${field(errors, {
      name: 'customer',
      label: 'Customer number',
      value: visit.form.get('customer') ?? new URLSearchParams(visit.query).get('customer') ?? '',
      hint: 'Whose id it is. You are shown who that is first.',
    })}
    <button>Look up the customer</button>
  </form>`
}

const SAID: Readonly<Record<CaseWord['word'], string>> = {
  note: 'noted',
  done: 'said that it is done',
  undone: 'opened it again',
}

function saidSoFar({ context }: StaffVisit, { words }: CaseRecord): Markup {
  if (words.length === 0) return nothing
  return html`<section class="card" aria-labelledby="said">
    <h2 id="said">Said so far</h2>
    <ol class="steps">
      ${words.map(
        ({ word, note, by, recordedAt }) =>
          html`<li>
            <strong>${by}</strong> ${SAID[word]}, ${exactTime(recordedAt, context.timeZone)}
            ${note === '' ? nothing : html`<p class="mail">${note}</p>`}
          </li>`,
      )}
    </ol>
  </section>`
}

function wordsForm(visit: StaffVisit, { name, row }: CaseRecord, errors: FormErrors): Markup {
  const at = addressOfCase(name)
  return html`<section class="card" aria-labelledby="say">
    <h2 id="say">Say something</h2>
    <form method="post" action="${at}/note" novalidate>
      ${hidden('seen', String(row!.happenedAt))}
      ${textArea(errors, {
        name: 'note',
        label: 'Note',
        value: errors.size > 0 ? (visit.form.get('note') ?? '') : '',
        hint: 'Kept for good, so no names or addresses. With “done” it can be left empty.',
      })}
      <div class="actions">
        <button class="button-second">Keep the note</button>
        ${
          row!.isDone
            ? html`<button formaction="${at}/undo">Open it again</button>`
            : html`<button formaction="${at}/done">It is done</button>`
        }
      </div>
    </form>
  </section>`
}
