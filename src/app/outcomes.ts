import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { type ItemOutcome, type MatchOutcome, outcomeOf, type VisibleStream } from '../domain/request-outcome.ts'
import { statusOf } from '../domain/status.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import type { Database } from '../storage/database.ts'
import { findLinks } from '../storage/links.ts'
import type { StoredMatch } from '../storage/matches.ts'
import type { RequestItem } from '../storage/reports.ts'
import { derivedAround } from '../storage/shifts.ts'
import { readStatuses } from '../storage/status.ts'
import { holdersOf } from './holders.ts'
import { activeLinks } from './link-facts.ts'

/** What became of each of some reports of a work provider, as it stands at `now`: all that it may know of them. */
export async function outcomesOf(
  db: Database,
  workProviderId: string,
  items: readonly RequestItem[],
  now: Instant,
): Promise<ItemOutcome[]> {
  if (items.length === 0) return []
  const streams = await visibleStreams(db, workProviderId, items, now)
  return items.map((item, index) => outcomeOf(item, streams[index]!, now))
}

/**
 * For each item, the stored result around it of the stream that it belongs to; null when nobody holds the identity then,
 * or when the holder's link is not active: this answer must tell no more than status does.
 */
async function visibleStreams(
  db: Database,
  workProviderId: string,
  items: readonly RequestItem[],
  now: Instant,
): Promise<VisibleStream[]> {
  const identities = items.map((item): Identity => ({ workProviderId, kind: item.identityKind, text: item.identity }))
  const told = items.map((item, index) => ({ identity: identities[index]!, at: item.at }))
  const holders = holdersOf(told, await bindingsOfIdentities(db, identities))
  const linkIds = new Set(holders.flatMap((holder) => holder?.linkId ?? []))
  const active = new Set((await activeLinks(db, await findLinks(db, [...linkIds]), now)).map((link) => link.id))
  const around = await derivedAround(
    db,
    items.map((item, index) => ({ linkId: holders[index]?.linkId ?? 0, at: item.at })),
  )
  return items.map((_, index) => {
    const holder = holders[index]!
    return holder !== null && active.has(holder.linkId) ? { derived: around[index]! } : null
  })
}

/** What each of some words of work providers came to. */
export async function matchOutcomesOf(db: Database, matches: readonly StoredMatch[]): Promise<MatchOutcome[]> {
  const readings = await readStatuses(
    db,
    matches.map(({ workProviderId, customerNumber }) => ({
      workProviderId,
      kind: 'customer_number',
      text: customerNumber,
    })),
  )
  return matches.map(({ success }, index) => {
    const { facts, now } = readings[index]!
    return !success ? 'failed' : statusOf(facts, now).kind === 'unknown' ? 'parked' : 'matched'
  })
}
