import { availableParallelism } from 'node:os'
import { setFlagsFromString } from 'node:v8'

/**
 * How far the heap grows beyond what lives in it before V8 marks it through. Its own choice is to do so every second or
 * two under load, and each time takes the core for 30 ms: that was much of the slowest hundredth of the answers (docs/decisions/0017).
 */
const HEAP_GROWING_PERCENT = 200

/** Sets how V8 collects what is not used any more. It reads both at each collection, so they may be set in a process that runs. */
export function tuneCollector({ isEmbedded }: { readonly isEmbedded: boolean }): void {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`)
  // On one core, threads that mark beside the program take it from those who answer and from the engine, whose
  // transaction stays open all the longer (docs/decisions/0028). Elsewhere they have cores of their own.
  if (isEmbedded && availableParallelism() === 1) setFlagsFromString('--no-concurrent-marking')
}
