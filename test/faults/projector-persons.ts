import { sql } from 'kysely'
import type { AcceptedRequest, Report } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import {
  fromTemporal,
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MINUTE,
  plus,
} from '../../src/domain/instant.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import { microseconds, microsecondsOrNull } from '../../src/storage/sql.ts'
import type { Random } from '../../src/domain/random.ts'

/* One story, told again and again of new people. */

/** The last of them is bound to nobody. */
const PERSONS = 4
const REQUESTS_A_PART = 6
const MAX_REPORTS = 12
const DAYS_BACK = 4

type Saying = { readonly person: number; readonly isByNumber: boolean; readonly at: Instant }
type Chapter = { readonly kind: EventKind; readonly sayings: readonly Saying[] }

export type Story = {
  /** By text of the identity, whose it is and of which kind. */
  readonly names: ReadonlyMap<string, string>
  readonly first: readonly AcceptedRequest[]
  readonly second: readonly AcceptedRequest[]
}

export type Persons = {
  /** Makes new people, and what is told of them: the same in every telling. */
  tell(): Promise<Story>
}

/** A random story: pairs, repeats and orphans, out of order, the same told twice, by user id and by customer number. */
export async function createPersons(context: Context, random: Random): Promise<Persons> {
  const number = random.below(1_000_000_000)
  const workProvider = `Courier ${number}`
  const { id: workProviderId } = await createWorkProvider(context, workProvider)
  const now = fromTemporal(Temporal.Now.instant())
  const part = (): Chapter[] => Array.from({ length: REQUESTS_A_PART }, () => chapter(random, now))
  const [first, second] = [part(), part()]
  let tellings = 0
  return {
    async tell() {
      const prefix = `w${number}t${(tellings += 1)}`
      const names = new Map<string, string>()
      const numbers: string[] = []
      for (let person = 0; person < PERSONS; person++) {
        const userId = `${prefix}p${person}`
        const isBound = person < PERSONS - 1
        const customerNumber = isBound ? await bind(context, workProvider, userId) : `UNKNOWN${prefix}`.toUpperCase()
        numbers.push(customerNumber)
        names.set(userId, `user id of ${person}`).set(customerNumber, `customer number of ${person}`)
      }
      const request = ({ kind, sayings }: Chapter): AcceptedRequest => ({
        requestId: context.newId(),
        workProviderId,
        kind,
        reports: sayings.map(({ person, isByNumber, at }): Report => {
          const identity = isByNumber
            ? ({ kind: 'customer_number', text: numbers[person]! } as const)
            : ({ kind: 'user_id', text: `${prefix}p${person}` } as const)
          return { identity, at }
        }),
      })
      return { names, first: first.map(request), second: second.map(request) }
    },
  }
}

function chapter(random: Random, now: Instant): Chapter {
  const sayings = Array.from({ length: random.between(1, MAX_REPORTS) }, (): Saying => {
    const quarters = random.below(DAYS_BACK * 96)
    const at = plus(now, -(now % MICROSECONDS_PER_HOUR) - quarters * 15 * MICROSECONDS_PER_MINUTE)
    return { person: random.below(PERSONS), isByNumber: random.chance(0.3), at }
  })
  return { kind: random.pick(['login', 'logout']), sayings }
}

async function bind(context: Context, workProvider: string, workProviderUserId: string): Promise<string> {
  const { customerNumber } = await createCustomer(context, { email: `${context.newId()}@example.com` })
  await createLink(context, { workProvider, customerNumber, workProviderUserId })
  return customerNumber
}

/** All that is stored of a story's people, in words that are the same for every telling. */
export async function resultOf({ db }: Context, { names }: Story): Promise<string> {
  const identities = [...names.keys()]
  const told = async (table: string): Promise<unknown[]> => {
    const { rows } = await sql<{ identity: string; kind: EventKind; at: Instant }>`
      select identity, kind, ${microseconds('at')} as at from ${sql.table(table)} where identity = any(${identities})
    `.execute(db)
    return rows.map(({ identity, kind, at }) => `${names.get(identity)} ${kind} ${at}`).sort()
  }
  const shifts = await sql<{ identity: string; startedAt: Instant; endedAt: Instant | null; capAt: Instant }>`
    select b.identity, ${microseconds('s.started_at')} as "startedAt", ${microsecondsOrNull('s.ended_at')} as "endedAt",
      ${microseconds('s.cap_at')} as "capAt"
    from binding b join shift s using (link_id) where b.identity = any(${identities}) order by 2
  `.execute(db)
  const anomalies = await sql<{ identity: string; at: Instant; kind: string }>`
    select b.identity, ${microseconds('a.at')} as at, a.kind
    from binding b join anomaly a using (link_id) where b.identity = any(${identities}) order by 2
  `.execute(db)
  const named = <T extends { identity: string }>(rows: readonly T[]): string[] =>
    rows.map((row) => JSON.stringify({ ...row, identity: names.get(row.identity) })).sort()
  return JSON.stringify({
    reports: await told('report'),
    events: await told('event'),
    waiting: await told('inbox'),
    shifts: named(shifts.rows),
    anomalies: named(anomalies.rows),
  })
}
