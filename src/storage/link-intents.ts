import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { IntentOutcome, LinkIntent } from '../domain/link-intent.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { deleteInPieces, microseconds, timestamp } from './sql.ts'

export type NewIntent = Omit<LinkIntent, 'workProvider' | 'outcome'>

export async function insertIntent(db: Database, intent: NewIntent): Promise<void> {
  await sql`
    insert into link_intent (id, work_provider_id, user_id, email, came_by, browser, account_id, expires_at)
    values (${intent.id}, ${intent.workProviderId}, ${intent.userId}, ${intent.email}, ${intent.cameBy},
      decode(${intent.browser}, 'hex'), ${intent.accountId}, ${timestamp(intent.expiresAt)})
  `.execute(db)
}

export async function findIntent(db: Database, id: string): Promise<LinkIntent | null> {
  return read(db, id, sql``)
}

/** The intent, held until the end of the transaction: of two who decide at once, the second sees what the first did. */
export async function lockIntent(trx: DatabaseTransaction, id: string): Promise<LinkIntent | null> {
  return read(trx, id, sql`for update of i`)
}

async function read(db: Database, id: string, lock: ReturnType<typeof sql>): Promise<LinkIntent | null> {
  const { rows } = await sql<LinkIntent>`
    select i.id, i.work_provider_id as "workProviderId", w.name as "workProvider", i.user_id as "userId", i.email,
      i.came_by as "cameBy", encode(i.browser, 'hex') as browser, i.account_id as "accountId", i.outcome,
      ${microseconds('i.expires_at')} as "expiresAt"
    from link_intent i join work_provider w on w.id = i.work_provider_id
    where i.id = ${id} ${lock}
  `.execute(db)
  return rows[0] ?? null
}

/** An account takes up an intent that nobody has taken up. */
export async function takeUpIntent(db: Database, id: string, accountId: string): Promise<void> {
  await sql`
    update link_intent set account_id = ${accountId} where id = ${id} and account_id is null and outcome is null
  `.execute(db)
}

/** The account that took up an intent leaves it to the browser it is used in. */
export async function leaveIntent(db: Database, id: string, accountId: string, browser: string): Promise<void> {
  await sql`
    update link_intent set account_id = null, browser = decode(${browser}, 'hex')
    where id = ${id} and account_id = ${accountId} and outcome is null and expires_at > clock_timestamp()
  `.execute(db)
}

/** Whoever decided is who may look at it from now on: the next in this browser may be somebody else. */
export async function storeOutcome(
  trx: DatabaseTransaction,
  id: string,
  outcome: IntentOutcome,
  accountId: string | null,
): Promise<void> {
  await sql`
    update link_intent set outcome = ${outcome}, account_id = coalesce(${accountId}, account_id), browser = null
    where id = ${id}
  `.execute(trx)
}

/** Deletes intents that ran out before an instant: the claims in them are nobody's business any more. */
export function deleteIntentsBefore(db: Database, instant: Instant): Promise<void> {
  return deleteInPieces(db, sql`link_intent`, sql`expires_at < ${timestamp(instant)}`)
}
