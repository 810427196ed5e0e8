import { deriveFromFacts } from '../domain/customer-record.ts'
import { formatInstant } from '../domain/instant.ts'
import type { Derived } from '../domain/shift-engine.ts'
import { isCitus } from '../storage/citus.ts'
import { inSnapshot } from '../storage/database.ts'
import { linksAfter, linksToDerive } from '../storage/links.ts'
import { missingEvents } from '../storage/reports.ts'
import { derivedOfLinks } from '../storage/shifts.ts'
import type { Context } from './context.ts'
import { loadStreams } from './customer-record.ts'
import { settle } from './settle.ts'

export type Difference = { readonly what: string; readonly stored: string | null; readonly derived: string | null }

export type CheckResult = {
  readonly streams: number
  /** Streams that were being derived and so could not be compared. */
  readonly skipped: number
  readonly shifts: number
  readonly reports: number
  readonly differences: readonly Difference[]
}

const LINKS_A_PIECE = 20
const REPORTS_A_PIECE = 5_000
/** So often a piece is looked at where a projector's turn is several commits: what is a difference stays one. */
const LOOKS = 10
/** More would say nothing new. */
const MAX_DIFFERENCES = 100

/**
 * Recomputes every stream from its events and compares it with what is stored; and looks for reports whose event is
 * missing. In pieces, each in a snapshot of its own: it runs beside accepting and projecting.
 */
export async function check(context: Context, onProgress: (streams: number) => void = () => {}): Promise<CheckResult> {
  await settle(context)
  const differences: Difference[] = []
  let [streams, skipped, shifts, afterId] = [0, 0, 0, 0]
  for (;;) {
    const piece = await checkSettled(context, afterId)
    if (piece === null || differences.length >= MAX_DIFFERENCES) break
    differences.push(...piece.differences)
    streams += piece.streams
    skipped += piece.skipped
    shifts += piece.shifts
    afterId = piece.lastId
    onProgress(streams)
  }
  const { reports, missing } = await checkReports(context)
  return { streams, skipped, shifts, reports, differences: [...differences, ...missing].slice(0, MAX_DIFFERENCES) }
}

type Piece = { lastId: number; streams: number; skipped: number; shifts: number; differences: Difference[] }

/**
 * Where events are on other servers than shifts, one snapshot holds neither both nor the turn under way of a projector:
 * a difference counts that is there each time.
 */
async function checkSettled(context: Context, afterId: number): Promise<Piece | null> {
  const piece = await checkPiece(context, afterId)
  if (piece === null || !(await isCitus(context.db))) return piece
  for (let look = 1; look < LOOKS && piece.differences.length > 0; look++) {
    await settle(context)
    const again = new Set((await checkPiece(context, afterId))?.differences.map((one) => JSON.stringify(one)))
    piece.differences = piece.differences.filter((one) => again.has(JSON.stringify(one)))
  }
  return piece
}

function checkPiece(context: Context, afterId: number): Promise<Piece | null> {
  return inSnapshot(context.db, async (db) => {
    const links = await linksAfter(db, afterId, LINKS_A_PIECE)
    const last = links.at(-1)
    if (last === undefined) return null
    const stored = await derivedOfLinks(
      db,
      links.map((link) => link.id),
    )
    // What a projector is in the middle of is no difference: it is noted on the link, and `settle` waited for the rest.
    const pending = new Set(await linksToDerive(db))
    const piece: Piece = { lastId: last.id, streams: 0, skipped: 0, shifts: 0, differences: [] }
    const idle = links.filter((link) => !pending.has(link.id))
    piece.skipped = links.length - idle.length
    for (const stream of await loadStreams(db, idle, { withInbox: false })) {
      const derived = deriveFromFacts(stream)
      const name = `${stream.workProvider}, customer ${stream.link.customerNumber}`
      piece.streams += 1
      piece.shifts += derived.shifts.length
      piece.differences.push(...differencesOf(name, stored.get(stream.link.id)!, derived))
    }
    return piece
  })
}

/** What of a stream's stored result is not as it should be. */
export function differencesOf(stream: string, stored: Derived, derived: Derived): Difference[] {
  const left = new Map(describe(stored))
  const right = new Map(describe(derived))
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((key) => left.get(key) !== right.get(key))
    .map((key) => ({ what: `${stream}: ${key}`, stored: left.get(key) ?? null, derived: right.get(key) ?? null }))
}

function describe({ shifts, anomalies }: Derived): [string, string][] {
  return [
    ...shifts.map((shift): [string, string] => [
      `shift from ${formatInstant(shift.startedAt)}`,
      `until ${shift.endedAt === null ? 'its cap' : formatInstant(shift.endedAt)}, cap ${formatInstant(shift.capAt)}`,
    ]),
    ...anomalies.map((anomaly): [string, string] => [`anomaly at ${formatInstant(anomaly.at)}`, anomaly.kind]),
  ]
}

async function checkReports(context: Context): Promise<{ reports: number; missing: Difference[] }> {
  const missing: Difference[] = []
  let reports = 0
  let after = null
  for (;;) {
    const piece = await missingEvents(context.db, after, REPORTS_A_PIECE)
    reports += piece.reports
    missing.push(...piece.missing.map((what) => ({ what, stored: null, derived: 'an event' })))
    if (piece.last === null) return { reports, missing }
    after = piece.last
  }
}
