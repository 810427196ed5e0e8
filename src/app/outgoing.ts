import { isSuccess } from '../domain/webhook.ts'

/** From the first byte of the name lookup to the last of the answer. */
export const ANSWER_MS = 15_000
/** Of an answer no more is read: the longest that means anything is an id. */
export const MAX_ANSWER_BYTES = 64 * 1024

/** What a message that is posted to somebody else's server comes to: their answer, or why there was none. */
export type Posted =
  | { readonly kind: 'answered'; readonly status: number; readonly body: string }
  | { readonly kind: 'failed'; readonly why: string }
  /** Given up because the program stops: it may have arrived. */
  | { readonly kind: 'stopped' }

/** Whether it arrived, and the other side says so. */
export function isTaken(posted: Posted): boolean {
  return posted.kind === 'answered' && isSuccess(posted.status)
}

export type Message = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Posts to servers that strangers name, and only to those on the public internet, or where the operator lets it. */
export type Outgoing = {
  /** Does not reject. `withinMs`: from the first byte of the name lookup to the last of the answer, if not `ANSWER_MS`. */
  post(message: Message, signal: AbortSignal, withinMs?: number): Promise<Posted>
  /** Whether the operator lets it into networks of their own: then addresses may be http. */
  readonly mayBePlain: boolean
}
