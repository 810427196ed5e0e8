import { setTimeout as delay } from 'node:timers/promises'

/*
 * A task that goes through much in the background does so a piece at a time, and rests after each: whoever reports meanwhile
 * waits for the embedded engine's one backend, or for a core, as long as for one piece at most (docs/decisions/0030).
 */

/** So many times as long as the piece took: a task has a tenth of the time. */
const RESTS = 9
/** A piece that took longer than a ninth of this was itself held up, which says little of how much there was to do. */
const MAX_REST_MS = 250

/** Rests after a piece that began at `begun`, by `performance.now()`; not any more once `stopping` is aborted. */
export async function restAfterPiece(begun: number, stopping?: AbortSignal): Promise<void> {
  // It rejects for nothing but that it is cut short.
  await delay(pieceRestMs(performance.now() - begun), undefined, { signal: stopping }).catch(() => {})
}

/** How long to rest after a piece that took so long. */
export function pieceRestMs(tookMs: number): number {
  return Math.min(RESTS * tookMs, MAX_REST_MS)
}
