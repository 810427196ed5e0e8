import { settleMatches } from '../storage/case-upkeep.ts'
import { inTransaction } from '../storage/database.ts'
import { forgetContact } from '../storage/feed.ts'
import { insertMatch } from '../storage/matches.ts'
import type { Context } from './context.ts'

export type MatchWord = {
  readonly requestId: string
  readonly workProviderId: string
  readonly customerNumber: string
  readonly success: boolean
  /** Said with a test key: it is no case, and nothing of a real customer is touched. */
  readonly isTest?: boolean
}

/**
 * Keeps a work provider's word on a customer number, and whether it is a case for staff. Nothing else follows at once:
 * whether a link becomes active by it is worked out from the words when it is asked for.
 */
export async function recordMatch(context: Context, word: MatchWord): Promise<void> {
  await inTransaction(context.db, async (trx) => {
    await insertMatch(trx, word)
    if (word.success) await forgetContact(trx, word.customerNumber, word.workProviderId)
    if (word.isTest !== true) await settleMatches(trx, word.customerNumber, word.workProviderId)
  })
}
