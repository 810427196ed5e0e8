import { vacuumInbox } from '../storage/maintenance.ts'
import type { Context } from './context.ts'

/** So many reports taken out are worth a vacuum, which looks through all that waits. */
const TAKEN_A_VACUUM = 20_000
/** Behind a large backlog it takes long: then it is rarer, and takes this share of the time at most. */
const SHARE_OF_TIME = 1 / 200

export type Sweeper = {
  /** So many reports were taken out. */
  took(reports: number): void
  /** Vacuums, where it is time to. */
  sweep(): Promise<void>
}

/**
 * Vacuums the inbox every so often. Reports that were taken out of it stay in its index until then, in front of those
 * that wait: autovacuum comes once a minute, when whoever looks for the oldest has hundreds of thousands to pass.
 */
export function openSweeper({ db, log }: Context): Sweeper {
  let sinceLast = 0
  let notBefore = performance.now()
  async function sweep(): Promise<void> {
    const begun = performance.now()
    if (sinceLast < TAKEN_A_VACUUM || begun < notBefore) return
    sinceLast = 0
    try {
      await vacuumInbox(db)
    } catch (error) {
      // It spares time, no more: reports are derived all the same.
      log.warn({ err: error }, 'the inbox was not vacuumed')
    }
    const ended = performance.now()
    notBefore = ended + (ended - begun) / SHARE_OF_TIME
  }
  return { took: (reports) => void (sinceLast += reports), sweep }
}
