import { type RawBuilder, sql } from 'kysely'
import type { FeedType } from '../domain/feed.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'

/** An address that a work provider is told at. */
export type WebhookEndpoint = {
  readonly id: string
  readonly workProviderId: string
  readonly workProvider: string
  readonly url: string
  /** Of which types it is told; null: of all. */
  readonly types: readonly FeedType[] | null
  readonly recordedAt: Instant
  readonly disabledAt: Instant | null
  readonly disabledBecause: string | null
}

const ENDPOINT = sql`
  p.id, p.work_provider_id as "workProviderId", w.name as "workProvider", p.url, p.types,
  ${microseconds('p.recorded_at')} as "recordedAt", ${microsecondsOrNull('p.disabled_at')} as "disabledAt",
  p.disabled_because as "disabledBecause"
`

async function select(db: Database, where: RawBuilder<unknown>): Promise<WebhookEndpoint[]> {
  const { rows } = await sql<WebhookEndpoint>`
    select ${ENDPOINT} from webhook_endpoint p join work_provider w on w.id = p.work_provider_id
    where p.removed_at is null and ${where} order by w.name_key, p.recorded_at
  `.execute(db)
  return rows
}

/** Those of all work providers, or of all test twins. */
export function listEndpoints(db: Database, isTest: boolean): Promise<WebhookEndpoint[]> {
  return select(db, sql`(w.test_of is not null) = ${isTest}`)
}

export function endpointsOf(db: Database, workProviderId: string): Promise<WebhookEndpoint[]> {
  return select(db, sql`p.work_provider_id = ${workProviderId}`)
}

export async function findEndpoint(db: Database, id: string): Promise<WebhookEndpoint | null> {
  return (await select(db, sql`p.id = ${id}`))[0] ?? null
}

export async function insertEndpoint(
  trx: DatabaseTransaction,
  { id, workProviderId, url, types }: Pick<WebhookEndpoint, 'id' | 'workProviderId' | 'url' | 'types'>,
): Promise<void> {
  await sql`
    insert into webhook_endpoint (id, work_provider_id, url, types) values (${id}, ${workProviderId}, ${url}, ${types})
  `.execute(trx)
}

/** Its secrets go; what waits for it is not sent any more, and is forgotten with the entries. */
export async function removeEndpoint(trx: DatabaseTransaction, id: string): Promise<void> {
  await sql`update webhook_endpoint set removed_at = clock_timestamp() where id = ${id}`.execute(trx)
  await sql`delete from webhook_secret where endpoint_id = ${id}`.execute(trx)
}

/** Before its deliveries or secrets: who changes several of them takes it first. */
export async function lockEndpoint(trx: DatabaseTransaction, id: string): Promise<void> {
  await sql`select from webhook_endpoint where id = ${id} for update`.execute(trx)
}

/** Answers whether it was enabled until now. What waits for it rests until it is enabled again. */
export async function disableEndpoint(trx: DatabaseTransaction, id: string, because: string): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update webhook_endpoint set disabled_at = clock_timestamp(), disabled_because = ${because}
    where id = ${id} and disabled_at is null
  `.execute(trx)
  return numAffectedRows > 0n
}

export async function enableEndpoint(trx: DatabaseTransaction, id: string): Promise<void> {
  await sql`
    update webhook_endpoint set disabled_at = null, disabled_because = null, warned_at = null where id = ${id}
  `.execute(trx)
}

/** Notes that its people are told that it fails; false when they were since `quietSince`. */
export async function noteWarned(trx: DatabaseTransaction, id: string, quietSince: Instant): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`
    update webhook_endpoint set warned_at = clock_timestamp()
    where id = ${id} and (warned_at is null or warned_at < ${timestamp(quietSince)})
  `.execute(trx)
  return numAffectedRows > 0n
}

export async function insertWebhookSecret(
  trx: DatabaseTransaction,
  { id, endpointId, secret }: { id: string; endpointId: string; secret: string },
): Promise<void> {
  await sql`
    insert into webhook_secret (id, endpoint_id, secret) values (${id}, ${endpointId}, ${secret})
  `.execute(trx)
}

/** Has the secrets of an endpoint go on until an instant, but for the newest of them: what is older ends at once. */
export async function endWebhookSecrets(trx: DatabaseTransaction, endpointId: string, at: Instant): Promise<void> {
  await sql`
    update webhook_secret set ends_at = case when ends_at is null then ${timestamp(at)}
      else least(ends_at, clock_timestamp()) end
    where endpoint_id = ${endpointId}
  `.execute(trx)
}

/** The secrets that an endpoint is signed for now, the newest first. */
export async function liveWebhookSecrets(db: Database, endpointId: string): Promise<string[]> {
  const { rows } = await sql<{ secret: string }>`
    select secret from webhook_secret
    where endpoint_id = ${endpointId} and (ends_at is null or ends_at > clock_timestamp())
    order by ends_at desc nulls first
  `.execute(db)
  return rows.map((row) => row.secret)
}
