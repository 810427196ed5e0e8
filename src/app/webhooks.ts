import { Impossible } from '../domain/errors.ts'
import { FEED_TYPES, type FeedType } from '../domain/feed.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { isUuid } from '../domain/uuid.ts'
import type { WorkProvider } from '../domain/work-provider.ts'
import { formatWebhookSecret, urlProblem, WEBHOOK_SECRET_BYTES } from '../domain/webhook.ts'
import { insertAudit } from '../storage/audit.ts'
import { databaseNow, inTransaction } from '../storage/database.ts'
import { feedSpan } from '../storage/feed.ts'
import { type DeliveryState, listDeliveries, type ListedDelivery, noteReplay } from '../storage/webhook-deliveries.ts'
import {
  enableEndpoint,
  endpointsOf,
  endWebhookSecrets,
  findEndpoint,
  insertEndpoint,
  insertWebhookSecret,
  lockEndpoint,
  removeEndpoint,
  type WebhookEndpoint,
} from '../storage/webhooks.ts'
import { beginFeed } from './feed.ts'
import type { Context } from './context.ts'
import { requireWorkProvider } from './work-providers.ts'

export const MAX_ENDPOINTS = 5
/** How long the secret before goes on beside a new one. */
export const SECRET_OVERLAP_HOURS = 24
export const MAX_SECRET_OVERLAP_HOURS = 24 * 7

export type NewEndpoint = {
  readonly url: string
  /** Of which types it is told; of all without them. */
  readonly types?: readonly string[] | undefined
}

/** A secret is shown when it is made, and never again. */
export type Secret = { readonly id: string; readonly url: string; readonly secret: string }

/** Adds an address that the work provider of a name is told at, from now on. */
export async function addEndpoint(
  context: Context,
  { workProvider, ...request }: NewEndpoint & { readonly workProvider: string },
): Promise<Secret> {
  return addEndpointOf(context, await requireWorkProvider(context.db, workProvider), request)
}

/** As `addEndpoint`, of a work provider or of its test twin. */
export async function addEndpointOf(
  context: Context,
  workProvider: WorkProvider,
  request: NewEndpoint,
): Promise<Secret> {
  const url = request.url.trim()
  const problem = urlProblem(url, context.outgoing.mayBePlain)
  if (problem !== null) throw new Impossible(`the address ${problem}`)
  const types = request.types === undefined ? null : request.types.map(requireType)
  if (types?.length === 0) throw new Impossible('choose at least one type')
  const id = context.newId()
  const secret = newSecret(context)
  await inTransaction(context.db, async (trx) => {
    await beginFeed(trx, workProvider.id, context.actor)
    const existing = await endpointsOf(trx, workProvider.id)
    if (existing.some((one) => one.url === url)) throw new Impossible('this address is there already')
    if (existing.length >= MAX_ENDPOINTS) {
      throw new Impossible(`"${workProvider.name}" has ${MAX_ENDPOINTS} addresses already: remove one first`)
    }
    await insertEndpoint(trx, { id, workProviderId: workProvider.id, url, types })
    await insertWebhookSecret(trx, { id: context.newId(), endpointId: id, secret })
    const details = { host: new URL(url).host, types: types ?? 'all' }
    const entry = { action: 'webhook endpoint added', subject: id, workProviderId: workProvider.id, details } as const
    await insertAudit(trx, context.actor, entry)
  })
  return { id, url, secret }
}

function requireType(text: string): FeedType {
  const type = FEED_TYPES.find((one) => one === text)
  if (type === undefined) throw new Impossible(`"${text}" is none of ${FEED_TYPES.join(', ')}`)
  return type
}

function newSecret(context: Context): string {
  return formatWebhookSecret(context.randomBytes(WEBHOOK_SECRET_BYTES))
}

export async function requireEndpoint(context: Context, id: string): Promise<WebhookEndpoint> {
  const endpoint = isUuid(id) ? await findEndpoint(context.db, id) : null
  if (endpoint === null) throw new Impossible(`there is no webhook endpoint with the id ${id}`)
  return endpoint
}

/** A new secret; what is sent is signed with the one before too, for a time. One before that ends at once. */
export async function rotateSecret(
  context: Context,
  id: string,
  overlapHours: number,
): Promise<Secret & { oldUntil: Instant }> {
  if (!Number.isInteger(overlapHours) || overlapHours < 0 || overlapHours > MAX_SECRET_OVERLAP_HOURS) {
    throw new Impossible(`an overlap is from 0 to ${MAX_SECRET_OVERLAP_HOURS} hours`)
  }
  const { url, workProviderId } = await requireEndpoint(context, id)
  const secret = newSecret(context)
  return inTransaction(context.db, async (trx) => {
    await lockEndpoint(trx, id)
    const oldUntil = plus(await databaseNow(trx), overlapHours * MICROSECONDS_PER_HOUR)
    await endWebhookSecrets(trx, id, oldUntil)
    await insertWebhookSecret(trx, { id: context.newId(), endpointId: id, secret })
    await insertAudit(trx, context.actor, { action: 'webhook secret rotated', subject: id, workProviderId })
    return { id, url, secret, oldUntil }
  })
}

export async function dropEndpoint(context: Context, id: string): Promise<void> {
  const { workProviderId } = await requireEndpoint(context, id)
  await inTransaction(context.db, async (trx) => {
    await removeEndpoint(trx, id)
    await insertAudit(trx, context.actor, { action: 'webhook endpoint removed', subject: id, workProviderId })
  })
}

/** What waited for it is sent; what came while it was disabled is sent by a replay. */
export async function enableAgain(context: Context, id: string): Promise<void> {
  const { workProviderId, disabledAt } = await requireEndpoint(context, id)
  if (disabledAt === null) throw new Impossible('it is not disabled')
  await inTransaction(context.db, async (trx) => {
    await enableEndpoint(trx, id)
    await insertAudit(trx, context.actor, { action: 'webhook endpoint enabled', subject: id, workProviderId })
  })
}

export type ReplayRequest = {
  /** The number of the last entry that is not sent again, and of the last that is (the newest, without it). */
  readonly after: number
  readonly to?: number | undefined
  /** Only what could not be brought. */
  readonly failedOnly?: boolean
}

/** Has what is kept of the feed sent again, tried before or not, in the background. Answers up to which entry. */
export async function replay(context: Context, id: string, request: ReplayRequest): Promise<number> {
  const { workProviderId, disabledAt } = await requireEndpoint(context, id)
  if (disabledAt !== null) throw new Impossible('it is disabled: enable it first')
  const { after, failedOnly = false } = request
  return inTransaction(context.db, async (trx) => {
    const { last } = await feedSpan(trx, workProviderId)
    const to = Math.min(request.to ?? last, last)
    if (after >= to) throw new Impossible(`there is nothing after the entry ${after}`)
    await noteReplay(trx, id, { after, to, failedOnly })
    const details = { after, to, failedOnly }
    await insertAudit(trx, context.actor, { action: 'webhook replayed', subject: id, workProviderId, details })
    return to
  })
}

export type LogPage = { readonly deliveries: readonly ListedDelivery[]; readonly next: number | null }

/** What an endpoint was told, the newest first. */
export async function readDeliveries(
  context: Context,
  id: string,
  { before, state, limit }: { before: number | null; state: DeliveryState | null; limit: number },
): Promise<LogPage> {
  await requireEndpoint(context, id)
  const read = await listDeliveries(context.db, id, { before, state, limit: limit + 1 })
  const deliveries = read.slice(0, limit)
  return { deliveries, next: read.length > limit ? deliveries.at(-1)!.number : null }
}
