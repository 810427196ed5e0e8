import { type CoverPiece } from '../../domain/cover.ts'
import { shiftInterval } from '../../domain/cover.ts'
import type { Instant } from '../../domain/instant.ts'
import { clip, type Interval } from '../../domain/interval.ts'
import { type LocalDay, localDateOf, localDay } from '../../domain/local-day.ts'
import type { ShiftOf } from '../../app/customer-record.ts'

export type Day = LocalDay & { readonly date: Temporal.PlainDate }

const DAYS = 7

/** The last seven local days, today the last. */
export function lastDays(now: Instant, timeZone: string): Day[] {
  const today = localDateOf(now, timeZone)
  return Array.from({ length: DAYS }, (_, index) => {
    const date = today.subtract({ days: DAYS - 1 - index })
    return { date, ...localDay(date, timeZone) }
  })
}

export type WeekShift = { readonly shift: ShiftOf; readonly onShift: number; readonly covered: number }

/** The shifts that reach into the days, newest first, with how much of each was worked and covered by `now`. */
export function shiftsOfDays(
  shifts: readonly ShiftOf[],
  cover: readonly CoverPiece[],
  days: readonly Day[],
  now: Instant,
): WeekShift[] {
  const from = days[0]!.from
  return shifts
    .map((shift) => ({ shift, interval: shiftInterval(shift, now) }))
    .filter(({ interval }) => interval.to > from || interval.from >= from)
    .map(({ shift, interval }) => ({
      shift,
      onShift: interval.to - interval.from,
      covered: coveredOf(shift, cover, now),
    }))
    .toReversed()
}

/** How much of a shift was covered by `now`, for the work provider that reported it; in microseconds. */
export function coveredOf(shift: ShiftOf, cover: readonly CoverPiece[], now: Instant): number {
  return total(clip(coverWith(cover, shift.workProvider), shiftInterval(shift, now)))
}

export type Hours = { readonly workProvider: string; readonly onShift: number; readonly covered: number }

/** By work provider, what was worked and covered within the days. A minute at two of them counts for each. */
export function hoursOfDays(
  shifts: readonly ShiftOf[],
  cover: readonly CoverPiece[],
  days: readonly Day[],
  now: Instant,
): Hours[] {
  const bounds = { from: days[0]!.from, to: days.at(-1)!.to }
  const byProvider = Map.groupBy(shifts, (shift) => shift.workProvider)
  return [...byProvider]
    .map(([workProvider, own]) => ({
      workProvider,
      onShift: total(
        clip(
          own.map((shift) => shiftInterval(shift, now)),
          bounds,
        ),
      ),
      covered: total(clip(coverWith(cover, workProvider), bounds)),
    }))
    .filter((hours) => hours.onShift > 0)
}

function coverWith(cover: readonly CoverPiece[], workProvider: string): CoverPiece[] {
  return cover.filter((piece) => piece.workProviders.includes(workProvider))
}

function total(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, interval) => sum + (interval.to - interval.from), 0)
}
