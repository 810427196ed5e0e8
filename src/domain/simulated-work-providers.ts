import type { IdentityKind } from './identity.ts'
import {
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MINUTE,
  MICROSECONDS_PER_SECOND,
  plus,
} from './instant.ts'
import { bytesOf, type Random } from './random.ts'
import type { Period } from './simulated-people.ts'

/** A work provider of a simulation, and its ways. */
export type SimulatedWorkProvider = {
  readonly name: string
  /** Its clocks are ahead by so many microseconds. */
  readonly clockAhead: number
  /** It tells of what happened in batches, one of logins and one of logouts each so many microseconds; null: at once. */
  readonly batchEvery: number | null
  /** What its clocks tell apart, in microseconds. */
  readonly tick: number
  /** How it names people, as a rule. */
  readonly usualName: IdentityKind
  /** From when on it tells nothing any more. */
  readonly until: Instant
  /** How likely a courier works for it. */
  readonly share: number
  readonly userId: (random: Random) => string
}

const SILENT_FOR = 48 * MICROSECONDS_PER_HOUR

/** The work providers of a simulation: of one the clocks are an hour ahead, and one has fallen silent. */
export function simulatedWorkProviders({ from, until }: Period): SimulatedWorkProvider[] {
  const common = { clockAhead: 0, batchEvery: null, tick: 1, usualName: 'user_id', until } as const
  return [
    {
      ...common,
      name: 'Larder & Lane',
      share: 0.6,
      userId: (random) => String(random.between(100_000, 9_999_999)),
    },
    {
      ...common,
      name: 'Quickwren',
      batchEvery: 15 * MICROSECONDS_PER_MINUTE,
      tick: MICROSECONDS_PER_SECOND,
      usualName: 'customer_number',
      share: 0.45,
      userId: (random) => `rider_${hex(random, 5)}`,
    },
    {
      ...common,
      name: 'Parcelfinch Logistics',
      clockAhead: MICROSECONDS_PER_HOUR,
      tick: MICROSECONDS_PER_SECOND,
      share: 0.3,
      userId: (random) => `PF-${String(random.below(1_000_000)).padStart(6, '0')}/${random.pick(['N', 'S', 'E', 'W'])}`,
    },
    {
      ...common,
      name: 'Moonfare',
      batchEvery: MICROSECONDS_PER_HOUR,
      // Of a short simulation the second half.
      until: plus(until, -Math.min(SILENT_FOR, Math.floor((until - from) / 2))),
      share: 0.25,
      userId: (random) => `${hex(random, 4)}-${hex(random, 2)}-${hex(random, 2)}`,
    },
  ]
}

function hex(random: Random, bytes: number): string {
  return Buffer.from(bytesOf(random, bytes)).toString('hex')
}
