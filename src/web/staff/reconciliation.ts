import { isSoundText } from '../../domain/sound-text.ts'
import { z } from 'zod'
import {
  allWork,
  type CaseQuestion,
  COUNTED,
  COUNTERS,
  countOpen,
  type ListedCase,
  listWork,
  type OpenCounts,
} from '../../app/reconciliation.ts'
import { CASE_AGES, CASE_GROUPS, CASE_KINDS, type CaseAge, type CaseGroup, formatAge } from '../../domain/case.ts'
import { formatInstant, type Instant } from '../../domain/instant.ts'
import { isUuid } from '../../domain/uuid.ts'
import type { CasePlace } from '../../storage/cases.ts'
import { listWorkProviders } from '../../storage/work-providers.ts'
import { NO_ERRORS, select } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { moment } from '../kit/moment.ts'
import { csvDownload, page } from '../kit/replies.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { addressOfCase } from './case-address.ts'
import { counted, GROUP_WORDS, KIND_WORDS, STANDING_WORDS, whoOf } from './case-words.ts'

const PATH = '/staff/reconciliation'
const CASES_A_PAGE = 50

/** GET /staff/reconciliation, with `?kind=`, `?workProvider=` its id, `?age=`, `?state=done`, and `?after=` a place. */
export async function showWork(visit: StaffVisit): Promise<Response> {
  const { context } = visit
  const question = questionOf(visit)
  const after = placeOf(new URLSearchParams(visit.query).get('after'))
  const cases = await listWork(context, question, after, CASES_A_PAGE + 1)
  const shown = cases.slice(0, CASES_A_PAGE)
  const body = html`<h1>Reconciliation</h1>
    ${countsTable(await countOpen(context))} ${await filterForm(visit, question)}
    <h2>${question.isDone ? 'Done, but not settled' : 'Open'}, longest waiting first</h2>
    ${shown.length === 0 ? html`<p>No cases.</p>` : casesTable(visit, shown)}
    <p>
      ${
        cases.length > CASES_A_PAGE
          ? html`<a href="${addressOf(PATH, question, shown.at(-1)!)}">Next ${CASES_A_PAGE}</a> · `
          : nothing
      }
      <a href="${addressOf(`${PATH}.csv`, question)}">All of it (CSV)</a>
    </p>`
  return page(visit, { title: 'Reconciliation', body, isWide: true })
}

/** GET /staff/reconciliation.csv: all of it, as the page is filtered. */
export function downloadWork(visit: StaffVisit): Response {
  return csvDownload(visit, 'reconciliation.csv', HEADINGS, rowsOf(visit))
}

const HEADINGS = ['case', 'work provider', 'about', 'claimant', 'since', 'state', 'events', 'first event', 'last event']

async function* rowsOf(visit: StaffVisit): AsyncGenerator<string[][]> {
  for await (const piece of allWork(visit.context, questionOf(visit))) {
    yield piece.map(({ kind, workProvider, about, claimant, since, standing, parked }) => [
      kind,
      workProvider,
      about,
      claimant,
      formatInstant(since),
      STANDING_WORDS[standing],
      parked === null ? '' : counted(parked.events, COUNTED),
      instantCell(parked?.firstAt),
      instantCell(parked?.lastAt),
    ])
  }
}

function instantCell(instant: Instant | null | undefined): string {
  return instant === null || instant === undefined ? '' : formatInstant(instant)
}

function questionOf(visit: StaffVisit): CaseQuestion {
  const query = new URLSearchParams(visit.query)
  const [kind, workProvider, age] = ['kind', 'workProvider', 'age'].map((name) => query.get(name) ?? '')
  return {
    group: Object.hasOwn(CASE_GROUPS, kind!) ? (kind as CaseGroup) : null,
    workProviderId: isUuid(workProvider!) ? workProvider! : null,
    age: Object.hasOwn(CASE_AGES, age!) ? (age as CaseAge) : null,
    isDone: query.get('state') === 'done',
  }
}

const Place = z.tuple([z.int(), z.enum(CASE_KINDS), z.uuid(), z.string(), z.string()])

/** A place in the list as it stands in an address; null for none, and for what is none. */
function placeOf(text: string | null): CasePlace | null {
  if (text === null) return null
  try {
    const [since, kind, workProviderId, about, claimant] = Place.parse(
      JSON.parse(Buffer.from(text, 'base64url').toString()),
    )
    const isSound = [about, claimant].every(isSoundText)
    return isSound ? { since: since as Instant, kind, workProviderId, about, claimant } : null
  } catch {
    return null
  }
}

function addressOf(path: string, question: Partial<CaseQuestion>, after?: CasePlace): string {
  const { group = null, workProviderId = null, age = null, isDone = false } = question
  const query = new URLSearchParams({
    ...(group === null ? {} : { kind: group }),
    ...(workProviderId === null ? {} : { workProvider: workProviderId }),
    ...(age === null ? {} : { age }),
    ...(isDone ? { state: 'done' } : {}),
    ...(after === undefined ? {} : { after: placeText(after) }),
  }).toString()
  return query === '' ? path : `${path}?${query}`
}

function placeText({ since, kind, workProviderId, about, claimant }: CasePlace): string {
  return Buffer.from(JSON.stringify([since, kind, workProviderId, about, claimant])).toString('base64url')
}

const [AGED, NOT_AGED] = [COUNTERS.filter(({ age }) => age !== null), COUNTERS.filter(({ age }) => age === null)]

/** What is open at each work provider; a number leads to the cases that it counts. */
function countsTable(open: readonly OpenCounts[]): Markup {
  if (open.length === 0) return html`<p>Nothing is open.</p>`
  return html`<div class="scroll" role="region" aria-label="Open cases" tabindex="0">
    <table>
      <caption>
        Open cases
      </caption>
      <thead>
        <tr>
          <th scope="col" rowspan="2">Work provider</th>
          <th scope="colgroup" colspan="${AGED.length}">${GROUP_WORDS.parked}</th>
          ${NOT_AGED.map(({ group }) => html`<th scope="col" rowspan="2">${GROUP_WORDS[group]}</th>`)}
        </tr>
        <tr>
          ${AGED.map(({ age }) => html`<th scope="col">${age}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${open.map(
          ({ workProvider, counts }) =>
            html`<tr>
              <th scope="row" class="name">
                <a href="/staff/work-providers/${workProvider.id}">${workProvider.name}</a>
              </th>
              ${COUNTERS.map(({ group, age }, index) => {
                const count = counts[index]!
                const to = addressOf(PATH, { group, age, workProviderId: workProvider.id })
                return html`<td>${count === 0 ? '0' : html`<a href="${to}">${counted(count, COUNTED)}</a>`}</td>`
              })}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

async function filterForm(visit: StaffVisit, { group, workProviderId, age, isDone }: CaseQuestion): Promise<Markup> {
  const providers = await listWorkProviders(visit.context.db)
  const all = { value: '', label: 'all' }
  return html`<form method="get" action="${PATH}" class="filter">
    ${select(NO_ERRORS, {
      name: 'kind',
      label: 'Kind',
      value: group ?? '',
      choices: [all, ...Object.entries(GROUP_WORDS).map(([value, label]) => ({ value, label }))],
    })}
    ${select(NO_ERRORS, {
      name: 'workProvider',
      label: 'Work provider',
      value: workProviderId ?? '',
      choices: [all, ...providers.map(({ id, name }) => ({ value: id, label: name }))],
    })}
    ${select(NO_ERRORS, {
      name: 'age',
      label: 'Waiting',
      value: age ?? '',
      choices: [
        { value: '', label: 'however long' },
        ...Object.keys(CASE_AGES).map((value) => ({ value, label: value })),
      ],
    })}
    ${select(NO_ERRORS, {
      name: 'state',
      label: 'State',
      value: isDone ? 'done' : '',
      choices: [
        { value: '', label: 'open' },
        { value: 'done', label: 'done' },
      ],
    })}
    <button>Show</button>
  </form>`
}

function casesTable({ context }: StaffVisit, cases: readonly ListedCase[]): Markup {
  const now = context.now()
  const at = (instant: Instant): Markup => moment(instant, now, context.timeZone)
  return html`<div class="scroll" role="region" aria-label="Cases" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Case</th>
          <th scope="col">Work provider</th>
          <th scope="col">Who</th>
          <th scope="col">Waiting</th>
          <th scope="col" class="number">Events</th>
          <th scope="col">Last event</th>
        </tr>
      </thead>
      <tbody>
        ${cases.map(
          (one) =>
            html`<tr>
              <td>
                <a href="${addressOfCase(one)}">${KIND_WORDS[one.kind]}</a>
                ${one.standing === 'open again' ? html`<strong>(open again)</strong>` : nothing}
              </td>
              <td class="name">${one.workProvider}</td>
              <td class="name">${whoOf(one)}</td>
              <td>${formatAge(one.since, now)} <span class="soft">since ${at(one.since)}</span></td>
              <td class="number">${one.parked === null ? nothing : counted(one.parked.events, COUNTED)}</td>
              <td>${one.parked?.lastAt === null || one.parked === null ? nothing : at(one.parked.lastAt)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
