import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, plus } from '../../src/domain/instant.ts'
import { formatLocalTime, parseLocalTime } from '../../src/domain/local-time.ts'
import type { Shift } from '../../src/domain/shift-engine.ts'
import type { SimulatedConsent, SimulatedPolicy } from '../../src/domain/simulated-people.ts'
import type { SimulatedCourier, SimulatedLink, SimulatedWorld } from '../../src/domain/simulated-world.ts'

/** An instant of a courier, whether they were covered then by what the simulation made up, and why, in words of the page. */
export type Situation = {
  readonly what: string
  readonly courier: SimulatedCourier
  /** A whole second that the clock showed once: it can be typed. */
  readonly at: Instant
  readonly isCovered: boolean
  readonly says: readonly string[]
}

/** A courier at an instant, at one work provider; and what the simulation says of that. */
type Standing = {
  readonly courier: SimulatedCourier
  readonly link: SimulatedLink
  readonly at: Instant
  readonly shift: Shift | undefined
  readonly before: Shift | undefined
  readonly consent: SimulatedConsent | undefined
  readonly good: readonly SimulatedPolicy[]
  readonly valid: readonly SimulatedPolicy[]
}

type Kind = {
  readonly what: string
  readonly isIt: (standing: Standing, all: readonly Standing[]) => boolean
  readonly says: (standing: Standing, all: readonly Standing[]) => readonly string[]
}

const isCovered = ({ shift, consent, valid }: Standing): boolean =>
  shift !== undefined && consent?.given === true && valid.length > 0
const lacksPolicyOnly = ({ shift, consent, valid }: Standing): boolean =>
  shift !== undefined && consent?.given === true && valid.length === 0
const lacksConsentOnly = ({ shift, consent, valid }: Standing): boolean =>
  shift !== undefined && consent?.given !== true && valid.length > 0
const inactive = ({ link }: Standing, why: string): string => `the link to ${link.workProvider} was not active (${why}`

const COVERED: readonly Kind[] = [
  {
    what: 'on shift',
    isIt: (standing, all) => isCovered(standing) && all.length === 1,
    says: ({ link, valid }) => [`on shift for ${link.workProvider} since`, `policy ${valid.at(-1)!.id}`],
  },
  {
    what: 'on shift for two work providers',
    isIt: (_, all) => all.filter(isCovered).length === 2,
    says: (_, all) => all.filter(isCovered).map(({ link }) => `on shift for ${link.workProvider} since`),
  },
  {
    what: 'on shift for one work provider, and not for another',
    isIt: (standing, all) => isCovered(standing) && all.length === 2 && all.some(({ shift }) => shift === undefined),
    says: ({ link }) => [`on shift for ${link.workProvider} since`],
  },
]

const NOT_COVERED: readonly Kind[] = [
  {
    what: 'before the first login',
    isIt: ({ shift, before }) => shift === undefined && before === undefined,
    says: ({ link }) => [`not on shift for ${link.workProvider}: no login by then`],
  },
  {
    what: 'after a logout',
    isIt: ({ shift, before }) => shift === undefined && before !== undefined && before.endedAt !== null,
    says: ({ link }) => [`not on shift for ${link.workProvider}: the last shift, from`, 'ended by logout at'],
  },
  {
    what: 'after a cap',
    isIt: ({ shift, before }) => shift === undefined && before !== undefined && before.endedAt === null,
    says: ({ link }) => [`not on shift for ${link.workProvider}: the last shift, from`, 'ended by its cap at'],
  },
  {
    what: 'without a policy',
    isIt: (standing) => lacksPolicyOnly(standing) && standing.courier.policies.length === 0,
    says: ({ link }) => [`on shift for ${link.workProvider} since`, 'but there is no policy'],
  },
  {
    what: 'with a policy for another work provider',
    isIt: (one) => lacksPolicyOnly(one) && one.courier.policies.length > 0 && one.good.length === 0,
    says: ({ link }) => [`no policy is good for ${link.workProvider}`],
  },
  {
    what: 'after a policy ended',
    isIt: (one) => lacksPolicyOnly(one) && one.good.some(({ validTo }) => validTo !== null && validTo <= one.at),
    says: ({ good, at }) => [`policy ${good.findLast(({ validFrom }) => validFrom <= at)!.id} ended at`],
  },
  {
    what: 'after a policy was cancelled',
    isIt: (one) =>
      lacksPolicyOnly(one) && one.good.some(({ cancelledAt }) => cancelledAt !== null && cancelledAt <= one.at),
    says: ({ good }) => [`policy ${good[0]!.id} ended at`],
  },
  {
    what: 'before a policy begins',
    isIt: (one) => lacksPolicyOnly(one) && one.good.length > 0 && one.good.every(({ validFrom }) => validFrom > one.at),
    says: ({ good }) => [`policy ${good[0]!.id} only begins at`],
  },
  {
    what: 'without a consent',
    isIt: (standing) => lacksConsentOnly(standing) && standing.consent === undefined,
    says: (standing) => [inactive(standing, 'no consent by then)')],
  },
  {
    what: 'after a withdrawal',
    isIt: (standing) => lacksConsentOnly(standing) && standing.consent !== undefined,
    says: (standing) => [inactive(standing, 'consent withdrawn at ')],
  },
]

/** One situation of each kind, covered or not. All of them are in the simulation; one that is not is an error. */
export function situationsOf(world: SimulatedWorld, timeZone: string): Situation[] {
  const found = new Map<Kind, Situation>()
  for (const courier of world.couriers) {
    for (const { link, at } of momentsOf(courier, world)) {
      if (!isTypeable(at, timeZone)) continue
      const all = courier.links.map((one) => standingOf(courier, one, at))
      const standing = all.find((one) => one.link === link)!
      const isIn = all.some(isCovered)
      for (const kind of isIn ? COVERED : NOT_COVERED) {
        if (found.has(kind) || !kind.isIt(standing, all)) continue
        found.set(kind, { what: kind.what, courier, at, isCovered: isIn, says: kind.says(standing, all) })
      }
    }
  }
  return [...[...COVERED, ...NOT_COVERED].map((kind) => requireFound(found.get(kind), kind.what)), unlinked(world)]
}

function unlinked({ couriers, period }: SimulatedWorld): Situation {
  const courier = requireFound(
    couriers.find(({ links }) => links.length === 0),
    'nobody linked',
  )
  const at = plus(period.until, -MICROSECONDS_PER_HOUR)
  return { what: 'linked to nobody', courier, at, isCovered: false, says: ['no work provider is linked'] }
}

/** In the middle of each shift, just after it, and before all of them. */
function momentsOf({ links }: SimulatedCourier, { period }: SimulatedWorld): { link: SimulatedLink; at: Instant }[] {
  return links.flatMap((link) => {
    const { shifts } = link.expected
    const first = shifts[0]
    const instants = shifts.flatMap((shift) => {
      const end = endOf(shift)
      return [wholeSecond(shift.startedAt + (end - shift.startedAt) / 2), wholeSecond(end + MICROSECONDS_PER_SECOND)]
    })
    return [...(first === undefined ? [] : [plus(wholeSecond(first.startedAt), -MICROSECONDS_PER_HOUR)]), ...instants]
      .filter((at) => at < period.until)
      .map((at) => ({ link, at }))
  })
}

function standingOf(courier: SimulatedCourier, link: SimulatedLink, at: Instant): Standing {
  const before = link.expected.shifts.findLast(({ startedAt }) => startedAt <= at)
  const isOn = before !== undefined && at < endOf(before)
  const good = courier.policies.filter(({ workProvider }) => [null, link.workProvider].includes(workProvider))
  return {
    courier,
    link,
    at,
    shift: isOn ? before : undefined,
    before: isOn ? undefined : before,
    consent: link.consents.findLast((consent) => consent.at <= at),
    good,
    valid: good.filter(
      ({ validFrom, validTo, cancelledAt }) =>
        validFrom <= at && at < (validTo ?? Infinity) && at < (cancelledAt ?? Infinity),
    ),
  }
}

function endOf({ endedAt, capAt }: Shift): Instant {
  return endedAt ?? capAt
}

/** Not in the hour that the clock shows twice. */
export function isTypeable(at: Instant, timeZone: string): boolean {
  return parseLocalTime(formatLocalTime(at, timeZone), timeZone)?.again === null
}

export function wholeSecond(at: number): Instant {
  return (Math.floor(at / MICROSECONDS_PER_SECOND) * MICROSECONDS_PER_SECOND) as Instant
}

function requireFound<T>(found: T | undefined, what: string): T {
  if (found === undefined) throw new Error(`the simulation has nobody ${what}`)
  return found
}
