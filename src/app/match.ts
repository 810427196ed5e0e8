import { insertMatch } from '../storage/matches.ts'
import type { Context } from './context.ts'

export type MatchWord = {
  readonly requestId: string
  readonly workProviderId: string
  readonly customerNumber: string
  readonly success: boolean
}

/**
 * Keeps a work provider's word on a customer number. Nothing follows at once: what it means (a link that becomes
 * active, a case for staff) is worked out from the words when it is asked for.
 */
export async function recordMatch(context: Context, word: MatchWord): Promise<void> {
  await insertMatch(context.db, word)
}
