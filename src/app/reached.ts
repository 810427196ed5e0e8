import type { Requests, Taken } from '../storage/inbox.ts'

/**
 * Request ids begin with the milliseconds of their making. So far behind the last one that was taken a turn still looks:
 * who made an id earlier may commit later, and clocks differ.
 */
const LOOK_BEHIND_MS = 1_000
/** How often a turn looks from the beginning, for what came still later, and the share of the time that it may take. */
const LOOK_BACK_EVERY_MS = 1_000
const SHARE_OF_TIME = 1 / 20

const MILLISECONDS_DIGITS = 12

/**
 * How far the reports of each work provider were taken. What was taken out of the inbox stays in its index until a vacuum,
 * and a vacuum leaves what somebody's snapshot may still see: beside a backup or an `analyze` each turn would pass all that was
 * taken since.
 */
export class Reached {
  readonly #elapsedMs: () => number
  readonly #last = new Map<string, string>()
  #lookBackFrom: number

  /** `elapsedMs`: of a clock that nobody sets. One that was put back by an hour would hide an hour's reports for so long. */
  constructor(elapsedMs: () => number) {
    this.#elapsedMs = elapsedMs
    this.#lookBackFrom = elapsedMs()
  }

  /** Takes by a turn that begins where the last ones ended, now and then by one from the beginning. */
  async turn(take: (from: Requests) => Promise<Taken>): Promise<Taken> {
    const begun = this.#elapsedMs()
    const looksBack = begun >= this.#lookBackFrom
    const taken = await take(looksBack ? new Map() : this.#last)
    if (looksBack) {
      const ended = this.#elapsedMs()
      this.#lookBackFrom = ended + Math.max(LOOK_BACK_EVERY_MS, (ended - begun) / SHARE_OF_TIME)
    }
    for (const [workProviderId, requestId] of taken.reached) this.#last.set(workProviderId, somewhatBefore(requestId))
    return taken
  }
}

/** The least id of the millisecond from which is looked; of one that does not begin with its time, some id before it. */
function somewhatBefore(requestId: string): string {
  const digits = requestId.replaceAll('-', '')
  const milliseconds = Math.max(0, Number.parseInt(digits.slice(0, MILLISECONDS_DIGITS), 16) - LOOK_BEHIND_MS)
  const hex = milliseconds.toString(16).padStart(MILLISECONDS_DIGITS, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`
}
