import { asKnownAt, type CustomerRecord, deriveFromFacts, type StreamRecord } from '../domain/customer-record.ts'
import { type CoverPiece, coverOf } from '../domain/cover.ts'
import { Impossible } from '../domain/errors.ts'
import { type Explanation, explainCover } from '../domain/explain.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import type { Link } from '../domain/link.ts'
import { type Anomaly, anomaliesAt, type ShiftAt, shiftsAt } from '../domain/shift-engine.ts'
import { bindingsOfLinks, identityOf } from '../storage/bindings.ts'
import { type Database, databaseNow, inSnapshot } from '../storage/database.ts'
import { eventsOfIdentities } from '../storage/events.ts'
import { linksOfCustomer } from '../storage/links.ts'
import { policiesOf } from '../storage/policies.ts'
import { workProviderNames } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { requireCustomer } from './customers.ts'
import { loadLinkFacts } from './link-facts.ts'

/** Of each work provider on one customer: more than it says in good faith. */
const WORDS_OF_A_RECORD = 1_000

/**
 * Answers about one customer are worked out from the facts at the moment of asking: they do not wait for the projector,
 * and an answer as known earlier is the same computation over fewer facts.
 */
export type Asked = { readonly customerNumber: string; readonly asKnownAt?: Instant | undefined }

/** A record, and the instant that an answer from it speaks of. */
export type Reading = { readonly record: CustomerRecord; readonly now: Instant }

export async function readCustomer(context: Context, asked: Asked): Promise<Reading> {
  const customer = await requireCustomer(context.db, asked.customerNumber)
  return inSnapshot(context.db, async (db) => {
    const now = await databaseNow(db)
    const record = await loadRecord(db, customer.customerNumber, { withInbox: true })
    if (asked.asKnownAt === undefined) return { record, now }
    if (asked.asKnownAt > now) throw new Impossible(`${formatInstant(asked.asKnownAt)} is still to come`)
    return { record: asKnownAt(record, asked.asKnownAt), now: asked.asKnownAt }
  })
}

export async function loadRecord(
  db: Database,
  customerNumber: string,
  options: { withInbox: boolean },
): Promise<CustomerRecord> {
  const links = await linksOfCustomer(db, customerNumber)
  const streams = await loadStreams(db, links, options)
  const policies = (await policiesOf(db, [customerNumber])).get(customerNumber) ?? []
  return { customerNumber, policies, streams }
}

/** The facts of some links, in the order given. `withInbox`: whether reports that are not projected yet count. */
export async function loadStreams(
  db: Database,
  links: readonly Link[],
  { withInbox }: { withInbox: boolean },
): Promise<StreamRecord[]> {
  const names = await workProviderNames(db)
  const facts = await loadLinkFacts(db, links, WORDS_OF_A_RECORD)
  const bindings = Map.groupBy(
    await bindingsOfLinks(
      db,
      links.map((link) => link.id),
    ),
    (binding) => binding.linkId,
  )
  const streams: StreamRecord[] = []
  for (const link of links) {
    const held = bindings.get(link.id) ?? []
    streams.push({
      ...facts.get(link.id)!,
      link,
      workProviderId: link.workProviderId,
      workProvider: names.get(link.workProviderId)!,
      bindings: held,
      events: await eventsOfIdentities(db, held.map(identityOf), { withInbox }),
    })
  }
  return streams
}

export type ShiftOf = ShiftAt & { readonly workProvider: string }
export type AnomalyOf = Anomaly & { readonly workProvider: string }

export function shiftsOf({ record, now }: Reading): ShiftOf[] {
  return record.streams
    .flatMap((stream) =>
      shiftsAt(deriveFromFacts(stream).shifts, now).map((shift) => ({ workProvider: stream.workProvider, ...shift })),
    )
    .sort((a, b) => a.startedAt - b.startedAt || compareText(a.workProvider, b.workProvider))
}

export function anomaliesOf({ record, now }: Reading): AnomalyOf[] {
  return record.streams
    .flatMap((stream) =>
      anomaliesAt(deriveFromFacts(stream).anomalies, now).map((anomaly) => ({
        workProvider: stream.workProvider,
        ...anomaly,
      })),
    )
    .sort((a, b) => a.at - b.at || compareText(a.workProvider, b.workProvider))
}

export function coverOfReading({ record, now }: Reading): CoverPiece[] {
  const records = record.streams.map((stream) => ({ ...stream, shifts: deriveFromFacts(stream).shifts }))
  return coverOf(records, record.policies, now)
}

/** Why the customer was or was not covered at an instant; at the reading's own, when none is given. */
export function explain({ record, now }: Reading, at: Instant = now): Explanation {
  if (at > now) throw new Impossible(`${formatInstant(at)} is after ${formatInstant(now)}, of which this answer speaks`)
  return explainCover(record, at, now)
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
