import type { Instant } from '../../domain/instant.ts'
import type { LocalDay } from '../../domain/local-day.ts'

/** How a timeline is looked at. */
export type TimelineView = {
  /** The days of the timeline's span, in order. */
  readonly days: readonly LocalDay[]
  readonly timeZone: string
  readonly chosen: Instant | null
  /** The address of the same page with an instant chosen. */
  readonly choose: (at: Instant) => string
  /** Whether it is read as it was known at its `now`, rather than now. */
  readonly isAsKnown: boolean
}
