import type { Instant } from './instant.ts'

/**
 * How the events of one stream become shifts. The rules (product.md, "From events to shifts"), by `at`:
 *
 * 1. A login opens a shift when none is open; otherwise it is a repeat.
 * 2. A logout closes the open shift; without one it is an orphan.
 * 3. Both at one instant: with a shift open, logout then login; with none, an empty shift, which is an anomaly only.
 * 4. A shift without logout ends at its cap. A logout at or before the cap closes it; a login at or after opens anew.
 *
 * The engine only ever looks back: what it makes of the events up to an instant does not depend on later ones. So an
 * answer at an earlier instant is the same result cut off there (rule 5, `shiftsAt`), and a late event changes
 * nothing before itself.
 */

/** What is told of one instant of a stream, whatever the identity and however often. */
export type Moment = { readonly at: Instant; readonly login: boolean; readonly logout: boolean }

/** `endedAt` is the logout's instant. Without one the shift ends at `capAt`: that end is never stored. */
export type Shift = { readonly startedAt: Instant; readonly endedAt: Instant | null; readonly capAt: Instant }
export type OpenShift = Shift & { readonly endedAt: null }

/** A shift is named by its link and its start. */
export type ShiftName = { readonly linkId: number; readonly startedAt: Instant }

export function shiftKey({ linkId, startedAt }: ShiftName): string {
  return `${linkId}/${startedAt}`
}

export type AnomalyKind = 'orphan' | 'empty' | 'repeat'
export type Anomaly = { readonly at: Instant; readonly kind: AnomalyKind }

export type Derived = { readonly shifts: readonly Shift[]; readonly anomalies: readonly Anomaly[] }

/** The cap of a shift that starts at an instant: the end that it has without a logout. */
export type CapAt = (startedAt: Instant) => Instant

/** Rises when the rules change, so that what was derived by older ones can be told apart. */
export const RULES_VERSION = 1

/** Derives all moments of a stream, given in the order of `at`. */
export function deriveStream(moments: Iterable<Moment>, capAt: CapAt): Derived {
  const engine = new ShiftEngine(null, capAt)
  for (const moment of moments) engine.take(moment)
  return engine.finish()
}

/**
 * The engine in steps: it starts from the shift that is open when the first moment comes (or null), and gives back
 * every shift that the moments opened or closed.
 */
export class ShiftEngine {
  readonly #capAt: CapAt
  #open: OpenShift | null
  readonly #shifts: Shift[] = []
  readonly #anomalies: Anomaly[] = []

  constructor(open: OpenShift | null, capAt: CapAt) {
    this.#open = open
    this.#capAt = capAt
  }

  take({ at, login, logout }: Moment): void {
    const open = this.openJustBefore(at)
    if (open === null) {
      if (login && logout) this.#anomalies.push({ at, kind: 'empty' })
      else if (logout) this.#anomalies.push({ at, kind: 'orphan' })
      else this.#start(at)
    } else if (logout) {
      this.#end({ ...open, endedAt: at })
      if (login) this.#start(at)
    } else if (at < open.capAt) {
      this.#anomalies.push({ at, kind: 'repeat' })
    } else {
      this.#end(open)
      this.#start(at)
    }
  }

  /** The shift that a moment at `at` finds open. At its very cap it still is: a logout there closes it. */
  openJustBefore(at: Instant): OpenShift | null {
    if (this.#open !== null && this.#open.capAt < at) this.#end(this.#open)
    return this.#open
  }

  /** All that was derived; the shift still open comes last. */
  finish(): Derived {
    if (this.#open !== null) this.#end(this.#open)
    return { shifts: this.#shifts, anomalies: this.#anomalies }
  }

  #start(at: Instant): void {
    this.#open = { startedAt: at, endedAt: null, capAt: this.#capAt(at) }
  }

  #end(shift: Shift): void {
    this.#shifts.push(shift)
    this.#open = null
  }
}

/**
 * The shift that is open just before `at`, by the last stored shift that started before `at`. A logout stored at or
 * after `at` is not yet told there.
 */
export function openBefore(last: Shift | null, at: Instant): OpenShift | null {
  if (last === null || last.capAt < at) return null
  if (last.endedAt !== null && last.endedAt < at) return null
  return { startedAt: last.startedAt, endedAt: null, capAt: last.capAt }
}

export type EndReason = 'logout' | 'cap'

/** A shift as it stands at an instant. `endReason` is null while it is open. */
export type ShiftAt = Shift & { readonly endReason: EndReason | null }

/** The shifts as they stand at `now`: nothing that is told of later instants counts. */
export function shiftsAt(shifts: readonly Shift[], now: Instant): ShiftAt[] {
  return shifts.filter((shift) => shift.startedAt <= now).map((shift) => shiftAt(shift, now))
}

export function shiftAt(shift: Shift, now: Instant): ShiftAt {
  const endedAt = shift.endedAt !== null && shift.endedAt <= now ? shift.endedAt : null
  const endReason = endedAt !== null ? 'logout' : shift.capAt <= now ? 'cap' : null
  return { ...shift, endedAt, endReason }
}

export function anomaliesAt(anomalies: readonly Anomaly[], now: Instant): Anomaly[] {
  return anomalies.filter((anomaly) => anomaly.at <= now)
}

export type ToldAt = { readonly kind: 'login' | 'logout'; readonly at: Instant }

/** What a result was derived from: every login and logout leaves its trace in it, whatever became of it. */
export function toldIn({ shifts, anomalies }: Derived): ToldAt[] {
  const told: ToldAt[] = []
  for (const { startedAt, endedAt } of shifts) {
    told.push({ kind: 'login', at: startedAt })
    if (endedAt !== null) told.push({ kind: 'logout', at: endedAt })
  }
  for (const { at, kind } of anomalies) {
    if (kind !== 'orphan') told.push({ kind: 'login', at })
    if (kind !== 'repeat') told.push({ kind: 'logout', at })
  }
  return told
}

/** Gathers events, in any order, into the moments of a stream in order. */
export function momentsOf(events: Iterable<ToldAt>): Moment[] {
  const byInstant = new Map<Instant, { at: Instant; login: boolean; logout: boolean }>()
  for (const { kind, at } of events) {
    const moment = byInstant.get(at) ?? { at, login: false, logout: false }
    moment[kind] = true
    byInstant.set(at, moment)
  }
  return [...byInstant.values()].sort((a, b) => a.at - b.at)
}
