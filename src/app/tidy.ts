import { MICROSECONDS_PER_HOUR, MICROSECONDS_PER_SECOND, plus } from '../domain/instant.ts'
import { deleteAttemptsBefore } from '../storage/attempts.ts'
import { databaseNow } from '../storage/database.ts'
import { deleteExpiredLogins } from '../storage/driver-accounts.ts'
import { deleteIntentsBefore } from '../storage/link-intents.ts'
import { deleteMailLinksBefore } from '../storage/mail-links.ts'
import { LONGEST_ATTEMPT_SECONDS } from './attempts.ts'
import type { Context } from './context.ts'
import { forgetOldEntries } from './feed.ts'
import { forgetOldMails } from './mailer.ts'
import { forgetOldNotices } from './notices.ts'

/** An intent that ran out is still answered for a day: "this link is too old" rather than "there is no such link". */
const INTENTS_KEPT_FOR = 24 * MICROSECONDS_PER_HOUR

/** Deletes what the site keeps for a while only. Facts are never among it. */
export async function tidy({ db }: Context): Promise<void> {
  // By the clock that wrote it: one of several processes may be wrong.
  const now = await databaseNow(db)
  await deleteIntentsBefore(db, plus(now, -INTENTS_KEPT_FOR))
  await deleteMailLinksBefore(db, now)
  await deleteAttemptsBefore(db, plus(now, -LONGEST_ATTEMPT_SECONDS * MICROSECONDS_PER_SECOND))
  await deleteExpiredLogins(db, now)
  await forgetOldMails(db, now)
  await forgetOldNotices(db, now)
  await forgetOldEntries(db, now)
}
