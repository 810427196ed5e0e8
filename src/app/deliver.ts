import { PROGRAM } from '../domain/audit.ts'
import { feedEntryToWire, type FeedEntry } from '../domain/feed.ts'
import { formatInstant, MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { retryAfterSeconds, type Verdict, verdictOf, webhookHeaders } from '../domain/webhook.ts'
import { insertAudit } from '../storage/audit.ts'
import { type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import { listDeskPeople } from '../storage/desk-accounts.ts'
import { findEntries } from '../storage/feed.ts'
import { findLink } from '../storage/links.ts'
import { insertMail } from '../storage/outbox.ts'
import {
  type Delivery,
  type DeliveryState,
  giveBack,
  leaseDeliveries,
  noteTry,
  replayPiece,
  type Try,
} from '../storage/webhook-deliveries.ts'
import {
  disableEndpoint,
  findEndpoint,
  liveWebhookSecrets,
  lockEndpoint,
  noteWarned,
  type WebhookEndpoint,
} from '../storage/webhooks.ts'
import { isConsented } from './consent.ts'
import type { Context } from './context.ts'
import { webhookStoppedMail } from './mail-texts.ts'
import type { Posted } from './outgoing.ts'
import { keepAnswer } from './webhook-answers.ts'
import { requireEndpoint } from './webhooks.ts'
import { startWorker, type Worker } from './worker.ts'

const POLL_MS = 1_000
const DELIVERIES_AT_ONCE = 16
/** To all addresses together. */
const ALL_AT_ONCE = 256
const REPLAYED_A_TURN = 1_000
/** Longer than a delivery takes, however slow the other side is. */
const LEASE_SECONDS = 30
const WARN_EVERY = 24 * MICROSECONDS_PER_HOUR
const MAX_NOTE_CHARACTERS = 300
/** For a test message: who asked for it waits at a page, which has ten seconds. */
const TEST_MS = 8_000

/**
 * Brings what is told to the endpoints, in the background: each at least once, however processes die. An endpoint that is
 * slow keeps none of the others waiting.
 */
export function startDeliverer(context: Context): Worker {
  const busy = new Map<string, { readonly deliveries: number; readonly work: Promise<void> }>()
  const worker: Worker = startWorker(context.log, 'webhooks', POLL_MS, async (stopping) => {
    const isReplaying = await replayTurn(context)
    const underWay = [...busy.values()].reduce((sum, { deliveries }) => sum + deliveries, 0)
    const byEndpoint = await take(context, [...busy.keys()], ALL_AT_ONCE - underWay)
    for (const [endpointId, deliveries] of byEndpoint) {
      const work = deliverAll(context, endpointId, deliveries, stopping).finally(() => {
        busy.delete(endpointId)
        worker.nudge()
      })
      busy.set(endpointId, { deliveries: deliveries.length, work })
    }
    return isReplaying
  })
  return {
    nudge: worker.nudge,
    async stop() {
      await worker.stop()
      await Promise.all([...busy.values()].map(({ work }) => work))
    },
  }
}

/** Brings what is due once, and waits for it: what the background does again and again. Answers how many it tried. */
export async function deliverDue(context: Context): Promise<number> {
  while (await replayTurn(context)) continue
  const byEndpoint = await take(context, [], ALL_AT_ONCE)
  const { signal } = new AbortController()
  await Promise.all([...byEndpoint].map(([id, deliveries]) => deliverAll(context, id, deliveries, signal)))
  return [...byEndpoint.values()].flat().length
}

/** What is to be sent again is made to wait in pieces: nobody waits long for the embedded engine's one backend. */
function replayTurn({ db }: Context): Promise<boolean> {
  return inTransaction(db, (trx) => replayPiece(trx, REPLAYED_A_TURN))
}

async function take(context: Context, except: readonly string[], limit: number): Promise<Map<string, Delivery[]>> {
  const options = { except, each: DELIVERIES_AT_ONCE, limit, leaseSeconds: LEASE_SECONDS }
  return Map.groupBy(await leaseDeliveries(context.db, options), (one) => one.endpointId)
}

/** Does not reject: what came of a delivery and could not be kept is tried again when its lease ends. */
async function deliverAll(
  context: Context,
  endpointId: string,
  deliveries: readonly Delivery[],
  signal: AbortSignal,
): Promise<void> {
  const lost = (error: unknown): void => {
    context.log.error({ err: error, endpoint: endpointId }, 'what came of a webhook could not be kept')
  }
  try {
    const endpoint = await findEndpoint(context.db, endpointId)
    // Removed or disabled since it was taken: what waited for it rests.
    if (endpoint === null || endpoint.disabledAt !== null) return
    const secrets = await liveWebhookSecrets(context.db, endpointId)
    const entries = await findEntries(
      context.db,
      deliveries.map(({ entryId }) => entryId),
    )
    const work = deliveries.flatMap((delivery) => {
      const entry = entries.get(delivery.entryId)
      return entry === undefined ? [] : [deliver(context, { endpoint, secrets, delivery, entry, signal }).catch(lost)]
    })
    await Promise.all(work)
  } catch (error) {
    lost(error)
  }
}

type Bringing = {
  readonly endpoint: WebhookEndpoint
  readonly secrets: readonly string[]
  readonly delivery: Delivery
  readonly entry: FeedEntry
  readonly signal: AbortSignal
}

async function deliver(context: Context, bringing: Bringing): Promise<void> {
  const { delivery, entry } = bringing
  if (entry.type === 'customer.signed_up' && !(await mayBeTold(context, bringing))) {
    const note = 'they were recognised already, or do not share any more'
    await noteTry(context.db, delivery, { state: 'dropped', tried: { at: context.now(), status: null, note } })
    return
  }
  const posted = await send(context, bringing, entry.id, feedEntryToWire(entry))
  if (posted.kind === 'stopped') await giveBack(context.db, delivery)
  else await keep(context, bringing, posted)
}

/** Whether how to reach a customer is still to be told: it is in the entry no more once it is not. */
async function mayBeTold({ db }: Context, { entry, endpoint }: Bringing): Promise<boolean> {
  if (!('email' in entry.data)) return false
  const { customerNumber } = entry.data as unknown as { customerNumber: string }
  const link = await findLink(db, endpoint.workProviderId, customerNumber)
  return link !== null && (await isConsented(db, link))
}

function send(
  context: Context,
  { endpoint, secrets, signal }: Omit<Bringing, 'delivery' | 'entry'>,
  id: string,
  message: object,
  withinMs?: number,
): Promise<Posted> {
  const body = JSON.stringify(message)
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'Zego-Webhooks/1',
    ...webhookHeaders({ id, at: context.now(), body }, secrets),
  }
  return context.outgoing.post({ url: endpoint.url, headers, body }, signal, withinMs)
}

/** What came of a try, in one transaction with all that follows from it. */
async function keep(
  context: Context,
  { endpoint, delivery, entry }: Bringing,
  posted: Exclude<Posted, { kind: 'stopped' }>,
): Promise<void> {
  const verdict: Verdict = posted.kind === 'answered' ? verdictOf(entry.type, posted) : { kind: 'again' }
  const status = posted.kind === 'answered' ? posted.status : null
  const said = posted.kind === 'answered' ? '' : posted.why.slice(0, MAX_NOTE_CHARACTERS)
  const again = verdict.kind === 'again' ? retryAfterSeconds(delivery.attempts, random(context)) : null
  const state: DeliveryState =
    verdict.kind === 'again'
      ? again === null
        ? 'failed'
        : 'waiting'
      : verdict.kind === 'gone'
        ? 'dropped'
        : 'delivered'
  await inTransaction(context.db, async (trx) => {
    if (verdict.kind === 'gone' || state === 'failed') await lockEndpoint(trx, endpoint.id)
    const note =
      verdict.kind === 'matched' || verdict.kind === 'not matched'
        ? await keepAnswer(context, trx, {
            workProviderId: endpoint.workProviderId,
            askedAt: entry.at,
            customerNumber: (entry.data as { customerNumber: string }).customerNumber,
            isMatched: verdict.kind === 'matched',
            workProviderUserId: verdict.kind === 'matched' ? verdict.workProviderUserId : null,
          })
        : said
    const tried: Try = { at: context.now(), status, note }
    const isOurs = await noteTry(trx, delivery, { state, tried, ...(again === null ? {} : { afterSeconds: again }) })
    // Another process ended it meanwhile: what is answered twice is kept once.
    if (!isOurs) throw new Ended()
    if (verdict.kind === 'gone') await disable(context, trx, endpoint, 'it answered 410')
    if (state === 'failed') await warn(context, trx, endpoint)
  }).catch((error: unknown) => {
    if (!(error instanceof Ended)) throw error
  })
  context.metrics.delivered(state === 'waiting' ? 'again' : state)
}

/** Thrown to undo what somebody else did already. */
class Ended extends Error {}

function random(context: Context): number {
  return context.randomBytes(1)[0]! / 256
}

async function disable(
  context: Context,
  trx: DatabaseTransaction,
  { id, workProviderId, url }: WebhookEndpoint,
  because: string,
): Promise<void> {
  if (!(await disableEndpoint(trx, id, because))) return
  const details = { because }
  await insertAudit(trx, PROGRAM, { action: 'webhook endpoint disabled', subject: id, workProviderId, details })
  context.log.warn({ endpoint: id, host: new URL(url).host, because }, 'a webhook endpoint was disabled')
  await tellPeople(context, trx, workProviderId, { url, isDisabled: true })
}

/** After days of trying; its people are told once a day. */
async function warn(
  context: Context,
  trx: DatabaseTransaction,
  { id, workProviderId, url }: WebhookEndpoint,
): Promise<void> {
  context.log.warn({ endpoint: id, host: new URL(url).host }, 'a webhook could not be delivered')
  if (!(await noteWarned(trx, id, plus(context.now(), -WARN_EVERY)))) return
  await tellPeople(context, trx, workProviderId, { url, isDisabled: false })
}

async function tellPeople(
  context: Context,
  trx: DatabaseTransaction,
  workProviderId: string,
  { url, isDisabled }: { url: string; isDisabled: boolean },
): Promise<void> {
  const people = await listDeskPeople(trx, workProviderId)
  for (const { email } of people.filter((person) => person.disabledAt === null)) {
    await insertMail(trx, context.newId(), webhookStoppedMail(context, email, { url, isDisabled }))
  }
}

/** Posts a message that tells nothing, signed as all are, and answers what came of it. It is in no feed and no log. */
export async function tryEndpoint(context: Context, id: string): Promise<Posted> {
  const endpoint = await requireEndpoint(context, id)
  const secrets = await liveWebhookSecrets(context.db, id)
  const message = { type: 'webhook.test', timestamp: formatInstant(context.now()), data: {} }
  const { signal } = new AbortController()
  return send(context, { endpoint, secrets, signal }, context.newId(), message, TEST_MS)
}
