import type { IdentityName } from './identity.ts'
import {
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MINUTE,
  MICROSECONDS_PER_SECOND,
  plus,
} from './instant.ts'
import type { Random } from './random.ts'
import type { EventKind } from './shift-event.ts'
import type { StreamPlan, ToldWork } from './simulated-work.ts'
import type { SimulatedWorkProvider } from './simulated-work-providers.ts'

/* How what is told of work gets to the insurer: when, how often, under which name, and in which company. */

/** One report on its way. `arrivedAt` is when the insurer has it; `at` is what it says, by the work provider's clocks. */
export type Sent = {
  readonly identity: IdentityName
  readonly kind: EventKind
  readonly at: Instant
  readonly arrivedAt: Instant
  readonly isAgain: boolean
  readonly isLate: boolean
}

/** Under what a person is told of: `usual` as a rule. */
export type Names = { readonly usual: readonly IdentityName[]; readonly others: readonly IdentityName[] }

const PERCENT = 1 / 100
const OTHER_NAME = 10 * PERCENT
const UNDER_BOTH_NAMES = PERCENT
const AGAIN = 3 * PERCENT
const MAX_AGAIN_AFTER = 10 * MICROSECONDS_PER_MINUTE
const SWAPPED = 2 * PERCENT
const MAX_SWAPPED_BY = 2 * MICROSECONDS_PER_MINUTE
const LATE = 3 * PERCENT
const LATE_MINUTES = { least: 6, most: 24 * 60 } as const
const OFFLINE = 2 * PERCENT
const OFFLINE_HOURS = { least: 2, most: 9 } as const
const PROMPT = { least: 200_000, most: 6 * MICROSECONDS_PER_SECOND } as const
/** A batch leaves some seconds after its window ends. */
const MAX_BATCH_DELAY_SECONDS = 20

type Way = { at: Instant; arrivedAt: Instant; isLate: boolean }

/**
 * Sends what is told of one person's stream. All of it arrives before `until`, so that what the insurer knows then is
 * all that was told.
 */
export function send(random: Random, plan: StreamPlan, names: Names, by: SimulatedWorkProvider): Sent[] {
  const ways = plan.told.map(({ at }) => usualWay(random, at, by))
  goOffline(random, plan, ways, by.until)
  goLate(random, ways, by.until)
  swap(random, plan.told, ways, by.until)
  return plan.told.flatMap((told, index) => deliver(random, told, ways[index]!, names, by))
}

function usualWay(random: Random, at: Instant, by: SimulatedWorkProvider): Way {
  const prompt = plus(at, random.between(PROMPT.least, PROMPT.most))
  return {
    at,
    arrivedAt: before(by.until, at, by.batchEvery === null ? prompt : batchAfter(at, by.batchEvery)),
    isLate: false,
  }
}

/** When the batch of the window leaves that an instant is in: the same for all who are in it. */
function batchAfter(at: Instant, every: number): Instant {
  const window = Math.floor(at / every) + 1
  return plus((window * every) as Instant, (1 + (window % MAX_BATCH_DELAY_SECONDS)) * MICROSECONDS_PER_SECOND)
}

/** What would arrive too late to count is told in time: at the last moment. */
function before(until: Instant, at: Instant, arrivedAt: Instant): Instant {
  return arrivedAt < until ? arrivedAt : (Math.max(at, until - MICROSECONDS_PER_SECOND) as Instant)
}

/** A device without network keeps what happens, and tells all of it at once when it is back. */
function goOffline(random: Random, { stints }: StreamPlan, ways: Way[], until: Instant): void {
  for (const { start, end } of stints) {
    if (!random.chance(OFFLINE)) continue
    const from = plus(start, random.below(2) * Math.floor((end - start) / 2))
    const back = plus(
      start,
      random.between(OFFLINE_HOURS.least * MICROSECONDS_PER_HOUR, OFFLINE_HOURS.most * MICROSECONDS_PER_HOUR),
    )
    if (back >= until) continue
    for (const way of ways) {
      if (way.at >= from && way.at < back) Object.assign(way, { arrivedAt: back, isLate: true })
    }
  }
}

function goLate(random: Random, ways: Way[], until: Instant): void {
  for (const way of ways) {
    if (way.isLate || !random.chance(LATE)) continue
    // Minutes more often than hours.
    const minutes =
      LATE_MINUTES.least * (LATE_MINUTES.most / LATE_MINUTES.least) ** (random.below(1_000_000) / 1_000_000)
    const arrivedAt = plus(way.at, Math.floor(minutes * MICROSECONDS_PER_MINUTE))
    if (arrivedAt < until) Object.assign(way, { arrivedAt, isLate: true })
  }
}

/** A logout that overtakes its login. */
function swap(random: Random, told: readonly ToldWork[], ways: Way[], until: Instant): void {
  for (let index = 0; index + 1 < told.length; index++) {
    const [login, logout] = [ways[index]!, ways[index + 1]!]
    const isPair = told[index]!.kind === 'login' && told[index + 1]!.kind === 'logout'
    if (!isPair || login.isLate || logout.isLate || !random.chance(SWAPPED)) continue
    const arrivedAt = plus(logout.arrivedAt, random.between(1, MAX_SWAPPED_BY))
    if (arrivedAt < until) Object.assign(login, { arrivedAt })
  }
}

function deliver(random: Random, told: ToldWork, way: Way, names: Names, by: SimulatedWorkProvider): Sent[] {
  const isOther = names.others.length > 0 && random.chance(OTHER_NAME)
  const identity = random.pick(isOther ? names.others : names.usual)
  const { arrivedAt, isLate } = way
  const sent: Sent = { identity, kind: told.kind, at: plus(told.at, by.clockAhead), arrivedAt, isAgain: false, isLate }
  const all = [sent]
  const other = [...names.usual, ...names.others].find((name) => name !== identity)
  if (other !== undefined && random.chance(UNDER_BOTH_NAMES)) all.push({ ...sent, identity: other })
  if (random.chance(AGAIN)) {
    const again = plus(arrivedAt, random.between(1, MAX_AGAIN_AFTER))
    if (again < by.until) all.push({ ...sent, arrivedAt: again, isAgain: true })
  }
  return all
}
