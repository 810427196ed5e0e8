import { setTimeout as delay } from 'node:timers/promises'

/*
 * What goes through much in the background does so a piece at a time, and rests after each: whoever reports meanwhile
 * waits for the embedded engine's one backend, or for a core, as long as for one piece at most (docs/decisions/0030).
 */

/** So many times as long as the piece took: all of it has a tenth of the time at most. */
const RESTS = 9
/** A piece that was itself held up says little of how much there was to do. */
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
