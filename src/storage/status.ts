import { sql } from 'kysely'
import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { Consent, Match } from '../domain/link.ts'
import type { Policy } from '../domain/policy.ts'
import type { StatusFacts } from '../domain/status.ts'
import type { Database } from './database.ts'
import { identityColumns } from './identities.ts'
import { microseconds, microsecondsOrNull } from './sql.ts'
import { settingFromRow } from './work-providers.ts'

type StatusRow = {
  now: Instant
  customerNumber: string | null
  consents: Consent[]
  matches: Match[]
  settings: Parameters<typeof settingFromRow>[0][]
  policies: Policy[]
}

/** What decides a status, and the instant (the database's) for which it was read; null for someone not linked. */
export type StatusReading = { readonly now: Instant; readonly facts: StatusFacts | null }

/** Reads the facts of many persons in one statement, in the order asked. A person nobody knows costs as much as another. */
export async function readStatuses(db: Database, asked: readonly Identity[]): Promise<StatusReading[]> {
  const { workProviderId, kind, text } = identityColumns(asked)
  const { rows } = await sql<StatusRow>`
    select ${microseconds('statement_timestamp()')} as now, l.customer_number as "customerNumber",
      (select coalesce(json_agg(json_build_object('seq', seq, 'given', given, 'signed', signed,
          'effectiveAt', ${microseconds('effective_at')}, 'recordedAt', ${microseconds('recorded_at')}) order by seq), '[]')
        from consent where link_id = l.id) as consents,
      -- Of all words only the first good one counts here, and a work provider may send one at each login.
      (select coalesce(json_agg(json_build_object('requestId', request_id, 'success', success,
          'receivedAt', ${microseconds('received_at')})), '[]')
        from (
          select * from match
          where work_provider_id = l.work_provider_id and customer_number = l.customer_number and success
          order by received_at limit 1
        ) first_good) as matches,
      (select coalesce(json_agg(json_build_object('seq', seq, 'name', name, 'value', value,
          'effectiveAt', ${microseconds('effective_at')}, 'recordedAt', ${microseconds('recorded_at')}) order by seq), '[]')
        from setting where work_provider_id = l.work_provider_id) as settings,
      (select coalesce(json_agg(json_build_object('id', id, 'classOfUse', class_of_use, 'coverLevel', cover_level,
          'vehicleRegistration', vehicle_registration, 'workProviderId', work_provider_id,
          'validFrom', ${microseconds('valid_from')}, 'validTo', ${microsecondsOrNull('valid_to')},
          'recordedAt', ${microseconds('recorded_at')},
          'cancellations', (
            select coalesce(json_agg(json_build_object('effectiveAt', ${microseconds('c.effective_at')},
              'recordedAt', ${microseconds('c.recorded_at')})), '[]')
            from policy_cancellation c where c.policy_id = policy.id))), '[]')
        from policy where customer_number = l.customer_number) as policies
    from unnest(${workProviderId}::uuid[], ${kind}::identity_kind[], ${text}::text[]) with ordinality
      as asked (work_provider_id, kind, identity, place)
    left join lateral (
      select link.* from link
      where asked.kind = 'customer_number' and link.work_provider_id = asked.work_provider_id
        and link.customer_number = asked.identity
      union all
      select link.* from binding b
      left join release r on r.binding_id = b.id
      join link on link.id = b.link_id
      where asked.kind = 'user_id' and b.work_provider_id = asked.work_provider_id
        and b.identity_kind = 'user_id' and b.identity = asked.identity
        and (b.held_from is null or b.held_from <= statement_timestamp())
        and (r.effective_at is null or r.effective_at > statement_timestamp())
    ) l on true
    order by asked.place
  `.execute(db)
  return rows.map((row, index) => ({ now: row.now, facts: factsFromRow(row, asked[index]!.workProviderId) }))
}

function factsFromRow(row: StatusRow, workProviderId: string): StatusFacts | null {
  const { customerNumber, consents, matches, settings, policies } = row
  if (customerNumber === null) return null
  return { workProviderId, customerNumber, consents, matches, settings: settings.map(settingFromRow), policies }
}
