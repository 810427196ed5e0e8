import type { Logger } from 'pino'

/** A task that repeats in the background until it is stopped. */
export type Worker = {
  /** Something may be to do: look at once rather than at the next poll. */
  nudge(): void
  /** Lets the turn under way finish. */
  stop(): Promise<void>
}

const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 5_000

/**
 * Runs `turn` again and again: at once while it answers true (there may be more), else after `pollMs` or a nudge. A
 * turn that fails is tried again, later each time. One that is long may look at `stopping`.
 */
export function startWorker(
  log: Logger,
  name: string,
  pollMs: number,
  turn: (stopping: AbortSignal) => Promise<boolean>,
): Worker {
  const stopping = new AbortController()
  let isNudged = false
  let wake: (() => void) | null = null
  let backoffMs = 0

  function rest(ms: number): Promise<void> {
    if (isNudged && backoffMs === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      wake = done
      function done(): void {
        clearTimeout(timer)
        wake = null
        resolve()
      }
    })
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      isNudged = false
      let isMore = false
      try {
        isMore = await turn(stopping.signal)
        backoffMs = 0
      } catch (error) {
        backoffMs = Math.min(Math.max(FIRST_BACKOFF_MS, backoffMs * 2), MAX_BACKOFF_MS)
        log.error({ err: error, worker: name, againInMs: backoffMs }, 'a background task failed')
      }
      if (!isMore && !stopping.signal.aborted) await rest(backoffMs || pollMs)
    }
  }

  const running = run()
  return {
    nudge() {
      isNudged = true
      if (backoffMs === 0) wake?.()
    },
    async stop() {
      stopping.abort()
      wake?.()
      await running
    },
  }
}
