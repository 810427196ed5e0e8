import { sql } from 'kysely'
import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { Consent, Match } from '../domain/link.ts'
import type { Policy } from '../domain/policy.ts'
import type { StatusFacts } from '../domain/status.ts'
import type { Setting } from '../domain/work-provider.ts'
import { uuidArray } from './binary-arrays.ts'
import type { Database } from './database.ts'
import { CUSTOMER_NUMBER, identityRows, USER_ID } from './identities.ts'
import { microseconds, microsecondsOrNull, nearMicroseconds } from './sql.ts'
import { settingFromRow } from './work-providers.ts'

/** One consent with one policy of a person, either null where there is none; `linkId` null for nobody linked. */
type StatusRow = {
  index: number
  now: Instant
  linkId: number | null
  customerNumber: string
  consentSeq: number | null
  given: boolean
  signed: boolean
  consentAt: Instant
  consentRecordedAt: Instant
  policyId: string | null
  classOfUse: string
  coverLevel: string
  vehicleRegistration: string | null
  policyWorkProviderId: string | null
  validFrom: Instant
  validTo: Instant | null
  policyRecordedAt: Instant
  settings: SettingRow[] | null
  matches: Match[] | null
}
type SettingRow = Parameters<typeof settingFromRow>[0]

/**
 * What decides a status, and the instant (the database's) for which it was read; null for someone not linked. Of the
 * policies those that are valid at that instant, of the settings what links require, of the words of a work provider
 * the first good one, where its links require something: nothing else counts.
 */
export type StatusReading = { readonly now: Instant } & (
  | { readonly linkId: number; readonly facts: StatusFacts }
  | { readonly linkId: null; readonly facts: null }
)

/** Reads the facts of many persons in one statement, in the order asked. A person nobody knows costs as much as another. */
export async function readStatuses(db: Database, asked: readonly Identity[]): Promise<StatusReading[]> {
  const workProviderIds = [...new Set(asked.map((identity) => identity.workProviderId))]
  const { rows } = await sql<StatusRow>`/* prepared */
    with required as (
      select work_provider_id, json_agg(json_build_object('seq', seq, 'name', name, 'value', value,
        'effectiveAt', ${microseconds('effective_at')}, 'recordedAt', ${microseconds('recorded_at')})) as settings
      from setting
      where name = 'link_requires' and work_provider_id = any(${uuidArray(workProviderIds)}::uuid[])
      group by work_provider_id
    )
    select asked.place::int - 1 as index, ${nearMicroseconds('statement_timestamp()')} as now,
      l.id as "linkId", l.customer_number as "customerNumber",
      c.seq as "consentSeq", c.given, c.signed, ${nearMicroseconds('c.effective_at')} as "consentAt",
      ${nearMicroseconds('c.recorded_at')} as "consentRecordedAt",
      p.id as "policyId", p.class_of_use as "classOfUse", p.cover_level as "coverLevel",
      p.vehicle_registration as "vehicleRegistration", p.work_provider_id as "policyWorkProviderId",
      ${nearMicroseconds('p.valid_from')} as "validFrom", ${microsecondsOrNull('p.valid_to')} as "validTo",
      ${nearMicroseconds('p.recorded_at')} as "policyRecordedAt", required.settings,
      case when required.settings is not null then (
        select json_agg(json_build_object('requestId', request_id, 'success', success,
          'receivedAt', ${microseconds('received_at')}))
        from (
          select * from match
          where work_provider_id = l.work_provider_id and customer_number = l.customer_number and success
          order by received_at limit 1
        ) first_good
      ) end as matches
    from ${identityRows(asked)}
    left join lateral (
      select link.id, link.work_provider_id, link.customer_number from link
      where asked.kind = ${CUSTOMER_NUMBER} and link.work_provider_id = asked.work_provider_id
        and link.customer_number = asked.identity
      union all
      select link.id, link.work_provider_id, link.customer_number from binding b
      left join release r on r.binding_id = b.id
      join link on link.id = b.link_id
      where asked.kind = ${USER_ID} and b.work_provider_id = asked.work_provider_id
        and b.identity_kind = ${USER_ID} and b.identity = asked.identity
        and (b.held_from is null or b.held_from <= statement_timestamp())
        and (r.effective_at is null or r.effective_at > statement_timestamp())
    ) l on true
    left join required on required.work_provider_id = l.work_provider_id
    left join consent c on c.link_id = l.id
    left join policy p on p.customer_number = l.customer_number
      and (p.work_provider_id is null or p.work_provider_id = l.work_provider_id)
      and p.valid_from <= statement_timestamp() and (p.valid_to is null or p.valid_to > statement_timestamp())
      and not exists (
        select from policy_cancellation x where x.policy_id = p.id and x.effective_at <= statement_timestamp()
      )
  `.execute(db)
  const gathered = asked.map((): Reading | null => null)
  for (const row of rows) {
    const reading = (gathered[row.index] ??= readingFromRow(row, asked[row.index]!.workProviderId))
    if (reading.facts !== null) gather(reading.facts, row)
  }
  return gathered.map((reading) => reading!)
}

type Gathered = StatusFacts & { readonly consents: Consent[]; readonly policies: Policy[] }
type Reading = StatusReading & { readonly facts: Gathered | null }

function readingFromRow(row: StatusRow, workProviderId: string): Reading {
  const { now, linkId, customerNumber, matches, settings } = row
  if (linkId === null) return { now, linkId, facts: null }
  const facts: Gathered = {
    workProviderId,
    customerNumber,
    consents: [],
    matches: matches ?? [],
    settings: (settings ?? []).map((one): Setting => settingFromRow(one)),
    policies: [],
  }
  return { now, linkId, facts }
}

/** A person with several consents and several policies has a row for each pair. */
function gather({ consents, policies }: Gathered, row: StatusRow): void {
  if (row.consentSeq !== null && !consents.some((consent) => consent.seq === row.consentSeq)) {
    consents.push({
      seq: row.consentSeq,
      given: row.given,
      signed: row.signed,
      effectiveAt: row.consentAt,
      recordedAt: row.consentRecordedAt,
    })
  }
  if (row.policyId !== null && !policies.some((policy) => policy.id === row.policyId)) {
    policies.push({
      id: row.policyId,
      classOfUse: row.classOfUse,
      coverLevel: row.coverLevel,
      vehicleRegistration: row.vehicleRegistration,
      workProviderId: row.policyWorkProviderId,
      validFrom: row.validFrom,
      validTo: row.validTo,
      recordedAt: row.policyRecordedAt,
      cancellations: [],
    })
  }
}
