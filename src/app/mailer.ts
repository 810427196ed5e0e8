import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import type { Database } from '../storage/database.ts'
import {
  abandonMail,
  deleteMailsBefore,
  leaseMails,
  type Mail,
  markSent,
  type OutboxMail,
  postponeMail,
} from '../storage/outbox.ts'
import type { Context } from './context.ts'
import { startWorker, type Worker } from './worker.ts'

/** What carries mails away. */
export type MailTransport = {
  /** Rejects when the mail could not be handed over. */
  send(mail: Mail): Promise<void>
  /** Whether nobody but the outbox has the mail afterwards: then its text stays there for administrators. */
  readonly keepsBody: boolean
}

const POLL_MS = 2_000
const MAILS_A_TURN = 5
/** Longer than handing a whole turn over may take. */
const LEASE_SECONDS = 300
const FIRST_RETRY_SECONDS = 30
const MAX_RETRY_SECONDS = 3_600
/** With the delays above: about two days. */
const MAX_ATTEMPTS = 50
const MAX_ERROR_CHARACTERS = 300
const KEPT_FOR = 30 * 24 * MICROSECONDS_PER_HOUR

/** Sends what is in the outbox, in the background. A mail is sent at least once, however processes die. */
export function startMailer(context: Context, transport: MailTransport): Worker {
  return startWorker(context.log, 'mailer', POLL_MS, async () => {
    const mails = await leaseMails(context.db, MAILS_A_TURN, LEASE_SECONDS)
    await Promise.all(mails.map((mail) => sendOne(context, transport, mail)))
    return mails.length === MAILS_A_TURN
  })
}

async function sendOne(context: Context, transport: MailTransport, mail: OutboxMail): Promise<void> {
  try {
    await transport.send(mail)
  } catch (error) {
    const text = String(error instanceof Error ? error.message : error).slice(0, MAX_ERROR_CHARACTERS)
    context.log.warn({ mail: mail.id, kind: mail.kind, attempts: mail.attempts }, 'a mail could not be sent')
    if (mail.attempts >= MAX_ATTEMPTS || isNoMailbox(error)) await abandonMail(context.db, mail.id, text)
    else await postponeMail(context.db, mail.id, retryAfterSeconds(mail.attempts), text)
    return
  }
  await markSent(context.db, mail.id, { keepBody: transport.keepsBody })
}

/** The mail server refused the address itself, for good. All else (a wrong password of ours, say) can be mended. */
function isNoMailbox(error: unknown): boolean {
  const { command, responseCode } = (error ?? {}) as { command?: unknown; responseCode?: unknown }
  return command === 'RCPT TO' && typeof responseCode === 'number' && responseCode >= 500
}

function retryAfterSeconds(attempts: number): number {
  return Math.min(FIRST_RETRY_SECONDS * 2 ** (attempts - 1), MAX_RETRY_SECONDS)
}

export function forgetOldMails(db: Database, now: Instant): Promise<void> {
  return deleteMailsBefore(db, plus(now, -KEPT_FOR))
}
