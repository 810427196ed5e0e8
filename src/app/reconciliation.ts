import {
  CASE_AGES,
  CASE_GROUPS,
  CASE_KINDS,
  type CaseAge,
  type CaseGroup,
  type CaseStanding,
  identityOfCase,
  isParked,
  sinceOfAge,
} from '../domain/case.ts'
import type { IdentityKind } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { type CasePlace, type CaseRow, countCases, doneBefore, listCases } from '../storage/cases.ts'
import { type ParkedReports, parkedReports } from '../storage/parked.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { settle } from './settle.ts'

export type CaseQuestion = {
  /** Null for all. */
  readonly group: CaseGroup | null
  readonly workProviderId: string | null
  readonly age: CaseAge | null
  readonly isDone: boolean
}

/** A case in the list; `parked`: what was reported, for one that is about a parked identity. */
export type ListedCase = CaseRow & {
  readonly workProvider: string
  readonly standing: CaseStanding
  readonly parked: ParkedReports | null
}

/** Events, and open cases of a sort, are counted no further than this: more is "1,000 or more". */
export const COUNTED = 1_000

/** The cases after a place, those that have waited longest first. Bounded however many there are. */
export async function listWork(
  context: Context,
  { group, workProviderId, age, isDone }: CaseQuestion,
  place: CasePlace | null,
  limit: number,
): Promise<ListedCase[]> {
  const bounds = age === null ? { after: null, until: null } : sinceOfAge(age, context.now())
  const kinds = group === null ? CASE_KINDS : CASE_GROUPS[group]
  const rows = await listCases(context.db, { kinds, workProviderId, isDone, ...bounds }, place, limit)
  return withFacts(context, rows, COUNTED)
}

async function withFacts(context: Context, rows: readonly CaseRow[], atMost: number | null): Promise<ListedCase[]> {
  const { db } = context
  const names = new Map((await listWorkProviders(db)).map((one) => [one.id, one.name]))
  const parked = rows.filter((row) => isParked(row.kind))
  const reports = await parkedReports(
    db,
    parked.map((row) => identityOfCase(row)!),
    atMost,
  )
  const reportsOf = new Map(parked.map((row, index) => [row, reports[index]!]))
  const wasDone = await doneBefore(db, rows)
  return rows.map((row, index) => ({
    ...row,
    workProvider: names.get(row.workProviderId)!,
    standing: row.isDone ? 'done' : wasDone[index]! ? 'open again' : 'open',
    parked: reportsOf.get(row) ?? null,
  }))
}

/** What the open cases are counted by: the parked ones by their age. */
export const COUNTERS: readonly { readonly group: CaseGroup; readonly age: CaseAge | null }[] = [
  ...(Object.keys(CASE_AGES) as CaseAge[]).map((age) => ({ group: 'parked' as const, age })),
  ...(Object.keys(CASE_GROUPS) as CaseGroup[])
    .filter((group) => group !== 'parked')
    .map((group) => ({ group, age: null })),
]

export type OpenCounts = {
  readonly workProvider: { readonly id: string; readonly name: string }
  /** One for each of `COUNTERS`, at most `COUNTED`. */
  readonly counts: readonly number[]
}

/** The open cases of each work provider that has some. */
export async function countOpen(context: Context): Promise<OpenCounts[]> {
  const now = context.now()
  const counters = COUNTERS.map(({ group, age }) => ({
    kinds: CASE_GROUPS[group],
    ...(age === null ? { after: null, until: null } : sinceOfAge(age, now)),
  }))
  const counted = await countCases(context.db, counters, COUNTED)
  return (await listWorkProviders(context.db))
    .map((workProvider) => ({ workProvider, counts: counted.get(workProvider.id) ?? [] }))
    .filter(({ counts }) => counts.some((count) => count > 0))
}

const CASES_A_PIECE = 500
/** In the order of the command: words and claims first, of which there are few. */
const IN_ORDER: readonly CaseGroup[] = ['failed match', 'unknown number', 'waiting consent', 'conflicting id', 'parked']

/** All of a question's cases in pieces. */
export async function* allWork(context: Context, question: CaseQuestion): AsyncGenerator<ListedCase[]> {
  let place: CasePlace | null = null
  do {
    const piece: ListedCase[] = await listWork(context, question, place, CASES_A_PIECE)
    yield piece
    place = piece.length < CASES_A_PIECE ? null : piece.at(-1)!
  } while (place !== null)
}

/** Something that staff have to look at, or said is done, as the command tells it. */
export type Case = { readonly workProvider: string; readonly since: Instant; readonly done: boolean } & (
  | {
      readonly kind: 'parked'
      readonly identityKind: IdentityKind
      readonly identity: string
      readonly events: number
      readonly firstAt: Instant | null
      readonly lastAt: Instant | null
    }
  | {
      readonly kind: 'failed match' | 'unknown customer number' | 'waiting for consent'
      readonly customerNumber: string
    }
  /** A customer claims a user id that another customer holds. */
  | { readonly kind: 'conflicting claim'; readonly customerNumber: string; readonly identity: string }
)

/** The whole work list, open and done, with every event counted. Everything accepted before is derived first. */
export async function* reconciliation(context: Context): AsyncGenerator<Case[]> {
  await settle(context)
  for (const group of IN_ORDER) {
    for (const isDone of [false, true]) {
      for await (const piece of allWork(context, { group, workProviderId: null, age: null, isDone })) {
        yield (await withFacts(context, piece, null)).map(caseToTell)
      }
    }
  }
}

function caseToTell(one: ListedCase): Case {
  const { kind, workProvider, about, claimant, since, parked, isDone: done } = one
  if (kind === 'conflicting claim') {
    return { kind, workProvider, since, done, customerNumber: claimant, identity: about }
  }
  if (!isParked(kind)) return { kind, workProvider, since, done, customerNumber: about }
  const { events, firstAt, lastAt } = parked!
  const identityKind = kind === 'parked user id' ? 'user_id' : 'customer_number'
  // Since when it is known of, rather than since when it is a case: of an id that was released these may differ.
  return {
    kind: 'parked',
    workProvider,
    since: parked!.since ?? since,
    done,
    identityKind,
    identity: about,
    events,
    firstAt,
    lastAt,
  }
}
