import type { CoverPiece } from '../domain/cover.ts'
import type { CustomerRecord } from '../domain/customer-record.ts'
import type { Instant } from '../domain/instant.ts'
import { type Standing, standingsAt } from '../domain/standing.ts'
import { matchesThatWait } from '../storage/matches.ts'
import { type ConsentRecord, consentRecordsOf } from '../storage/links.ts'
import { askedOfLinks } from '../storage/link-asked.ts'
import { type Agreement, agreementsOf } from '../storage/terms.ts'
import { listWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { coverOfReading, readCustomer, type ShiftOf, shiftsOf } from './customer-record.ts'

/** What drivers see of themselves. */
export type DriverRecord = {
  readonly record: CustomerRecord
  readonly now: Instant
  readonly standings: readonly Standing[]
  readonly shifts: readonly ShiftOf[]
  readonly cover: readonly CoverPiece[]
  /** The hour in which each work provider last asked, by link. */
  readonly asked: ReadonlyMap<number, Instant>
  /** All work providers' names, by id. */
  readonly names: ReadonlyMap<string, string>
  /** The work providers whose word waits for the driver's. */
  readonly waiting: readonly { readonly id: string; readonly name: string }[]
}

export async function readDriver(context: Context, customerNumber: string): Promise<DriverRecord> {
  const reading = await readCustomer(context, { customerNumber })
  const { record, now } = reading
  return {
    record,
    now,
    standings: standingsAt(record, now),
    shifts: shiftsOf(reading),
    cover: coverOfReading(reading),
    asked: await askedOfLinks(
      context.db,
      record.streams.map((stream) => stream.link.id),
    ),
    names: new Map((await listWorkProviders(context.db)).map((one) => [one.id, one.name])),
    waiting: await matchesThatWait(context.db, customerNumber),
  }
}

export type Agreements = { readonly terms: readonly Agreement[]; readonly consents: readonly ConsentRecord[] }

/** What the driver agreed to, and when that ended. */
export async function readAgreements(context: Context, customerNumber: string): Promise<Agreements> {
  return {
    terms: await agreementsOf(context.db, customerNumber),
    consents: await consentRecordsOf(context.db, customerNumber),
  }
}
