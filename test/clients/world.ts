import { sql } from 'kysely'
import { Webhook } from 'standardwebhooks'
import { deliverDue } from '../../src/app/deliver.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLinkSecret } from '../../src/app/link-secrets.ts'
import { createLink } from '../../src/app/links.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { addEndpoint, dropEndpoint, rotateSecret } from '../../src/app/webhooks.ts'
import { fromTemporal } from '../../src/domain/instant.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { insertNews } from '../../src/storage/feed.ts'
import { readFeed, turnFeed } from '../support/feed.ts'
import { openReceiver } from '../support/receiver.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { type Front, openFront } from './front.ts'

/** The server, a front before it, and some customers of Courier Ltd. */
export type World = {
  readonly site: TestSite
  readonly front: Front
  /** A secret of Courier Ltd to sign links with. */
  readonly linkSecret: string
  /** What is stored of an identity, once all is derived. */
  stored(identity: string): Promise<Stored>
  /** Derives and tells everything that was accepted, and so many entries more; the number of the last. */
  tell(count: number): Promise<number>
  /** Takes the entries up to a number out of the feed, as their age would. */
  forgetFeed(upTo: number): Promise<void>
  /** A webhook as the program sends it, while its secret is being rotated. */
  sentWebhook(): Promise<SignedMessage>
  close(): Promise<void>
}

export type SignedMessage = {
  /** It is signed with each of them, the newest first. */
  readonly secrets: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Distinct events, and deliveries of them. */
export type Stored = { readonly events: number; readonly reports: number }

const LONG_AGO = fromTemporal(Temporal.Instant.from('2020-01-01T00:00:00Z'))

type Person = { readonly number: string; readonly userId: string; readonly insured: 'on foot' | 'vehicle' | 'not' }

const PEOPLE: readonly Person[] = [
  { number: 'ABC123', userId: '1686', insured: 'vehicle' },
  { number: 'DEF456', userId: '8545', insured: 'on foot' },
  { number: 'GHI789', userId: '3001 / ü&?', insured: 'not' },
]

export async function openWorld(): Promise<World> {
  const site = await openSite()
  for (const person of PEOPLE) await add(site, person)
  const { secret } = await createLinkSecret(site.context, 'Courier Ltd')
  const stored: World['stored'] = async (identity) => {
    await site.settle()
    const { rows } = await sql<Stored>`
      select (select count(*)::int from event where identity = ${identity}) as events,
        (select count(*)::int from report where identity = ${identity}) as reports
    `.execute(site.context.db)
    return rows[0]!
  }
  const tell: World['tell'] = async (count) => {
    await site.settle()
    await insertEntries(site, count)
    await turnFeed(site.context)
    return (await readFeed(site, '')).feed.last
  }
  const forgetFeed: World['forgetFeed'] = async (upTo) => {
    await sql`delete from feed_entry where number <= ${upTo}`.execute(site.context.db)
  }
  const sentWebhook = (): Promise<SignedMessage> => sendWebhook(site)
  const front = await openFront(site.url, {
    settle: () => site.settle(),
    stored,
    tell: (count) => tell(Number(count)),
    'forget-feed': (upTo) => forgetFeed(Number(upTo)),
    webhook: sentWebhook,
    'standard-webhook': signedByPackage,
  })
  return {
    site,
    front,
    linkSecret: secret,
    stored,
    tell,
    forgetFeed,
    sentWebhook,
    async close() {
      await front.close()
      await site.close()
    },
  }
}

async function add({ context }: TestSite, { number: customerNumber, userId, insured }: Person): Promise<void> {
  await createCustomer(context, { customerNumber, email: `${customerNumber}@example.com` })
  await createLink(context, {
    workProvider: 'Courier Ltd',
    customerNumber,
    workProviderUserId: userId,
    consentedAt: LONG_AGO,
  })
  if (insured === 'not') return
  await createPolicy(context, {
    customerNumber,
    classOfUse: 'Carriage of Goods for Hire & Reward',
    coverLevel: 'Third Party (TPO)',
    vehicleRegistration: insured === 'vehicle' ? 'VY7 JC3' : undefined,
    from: LONG_AGO,
  })
}

async function insertEntries(site: TestSite, count: number): Promise<void> {
  const person = { customerNumber: 'ABC123', workProviderUserIds: ['1686'] }
  const entries = Array.from({ length: count }, () => ({
    workProviderId: site.workProviderId,
    type: 'link.created' as const,
    customerNumber: null,
    data: { ...person, at: '2025-07-06T10:00:00Z' },
  }))
  await inTransaction(site.context.db, (trx) => insertNews(trx, entries))
}

async function sendWebhook(site: TestSite): Promise<SignedMessage> {
  const receiver = await openReceiver()
  try {
    const { context } = site
    const { id, secret } = await addEndpoint(context, { workProvider: 'Courier Ltd', url: `${receiver.url}/ü` })
    const rotated = await rotateSecret(context, id, 1)
    await insertEntries(site, 1)
    await turnFeed(context)
    while ((await deliverDue(context)) > 0) continue
    await dropEndpoint(context, id)
    const { headers, body } = receiver.received.at(-1)!
    return { secrets: [rotated.secret, secret], headers: headers as Record<string, string>, body }
  } finally {
    receiver.close()
  }
}

/** Signed by the package of Standard Webhooks, now. */
export function signedByPackage(body: string): SignedMessage {
  const secret = `whsec_${Buffer.from('a key of twenty-five bytes').toString('base64')}`
  const at = new Date()
  const headers = {
    'webhook-id': 'an id',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('an id', at, body),
  }
  return { secrets: [secret], headers, body }
}
