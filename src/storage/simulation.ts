import { sql } from 'kysely'
import { emailKey } from '../domain/customer.ts'
import { type Identity, sliceOf } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { SimulatedClaim, SimulatedCourier, SimulatedMatch } from '../domain/simulated-world.ts'
import { nameKey } from '../domain/work-provider.ts'
import { booleanArray, integerArray, smallintArray, textArray, timestampArray, uuidArray } from './binary-arrays.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { CUSTOMER_NUMBER, lockIdentities, USER_ID } from './identities.ts'
import type { InboxColumns } from './inbox.ts'
import { timestamp, timestampOf } from './sql.ts'
import { shareWorkProviders } from './work-providers.ts'

/*
 * Facts of a simulation, many at once, as if they had become known in the past: everywhere else the database's clock
 * says when. Only for a store without anybody real in it.
 */

/** The ids of a simulation's work providers by their names. */
export type WorkProviderIds = ReadonlyMap<string, string>

/** A customer or work provider, none of the sandbox's, that is none of those named; null where there is no other. */
export async function findOther(
  db: Database,
  { customerNumbers, workProviders }: { customerNumbers: readonly string[]; workProviders: readonly string[] },
): Promise<string | null> {
  const { rows } = await sql<{ other: string | null }>`
    select coalesce(
      (select 'customer ' || customer_number from customer
        where customer_number <> all(${customerNumbers}::text[]) and not is_test limit 1),
      (select 'work provider "' || name || '"' from work_provider
        where name_key <> all(${workProviders.map(nameKey)}::text[]) and test_of is null limit 1)
    ) as other
  `.execute(db)
  return rows[0]!.other
}

/** Makes work providers that were just made ones of long ago. */
export async function backdateWorkProviders(
  trx: DatabaseTransaction,
  ids: WorkProviderIds,
  at: Instant,
): Promise<void> {
  await sql`
    update work_provider set recorded_at = ${timestamp(at)} where id = any(${[...ids.values()]}::uuid[])
  `.execute(trx)
}

/** Adds couriers with all that is known of them, each fact recorded when it says. */
export async function insertCouriers(
  trx: DatabaseTransaction,
  couriers: readonly SimulatedCourier[],
  ids: WorkProviderIds,
): Promise<void> {
  const links = couriers.flatMap((courier) => courier.links)
  const held = links.flatMap(({ workProvider, customerNumber, userIds, recordedAt }) => {
    const workProviderId = ids.get(workProvider)!
    const number: Identity = { workProviderId, kind: 'customer_number', text: customerNumber }
    const others = userIds.map((text): Identity => ({ workProviderId, kind: 'user_id', text }))
    return [number, ...others].map((identity) => ({ identity, customerNumber, recordedAt }))
  })
  await shareWorkProviders(trx, [...ids.values()])
  await lockIdentities(
    trx,
    held.map(({ identity }) => identity),
  )
  await insertCustomers(trx, couriers)
  await insertPolicies(trx, couriers, ids)
  await sql`
    insert into link (work_provider_id, customer_number, recorded_at)
    select work_provider_id, customer_number, ${timestampOf('recorded_us')}
    from json_to_recordset(${JSON.stringify(
      links.map((link) => ({
        work_provider_id: ids.get(link.workProvider)!,
        customer_number: link.customerNumber,
        recorded_us: link.recordedAt,
      })),
    )}::json) as made (work_provider_id uuid, customer_number text, recorded_us bigint)
    order by recorded_us
  `.execute(trx)
  await insertBindings(trx, held)
  await insertConsents(trx, couriers, ids)
}

async function insertCustomers(trx: DatabaseTransaction, couriers: readonly SimulatedCourier[]): Promise<void> {
  const rows = couriers.map(({ customer }) => ({
    customer_number: customer.customerNumber,
    email: customer.email,
    email_key: emailKey(customer.email),
    name: customer.name,
    phone: customer.phone,
    recorded_us: customer.recordedAt,
  }))
  await sql`
    insert into customer (customer_number, email, email_key, name, phone, recorded_at)
    select customer_number, email, email_key, name, phone, ${timestampOf('recorded_us')}
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as made (customer_number text, email text, email_key text, name text, phone text, recorded_us bigint)
  `.execute(trx)
}

async function insertPolicies(
  trx: DatabaseTransaction,
  couriers: readonly SimulatedCourier[],
  ids: WorkProviderIds,
): Promise<void> {
  const rows = couriers.flatMap(({ policies }) =>
    policies.map((policy) => ({
      id: policy.id,
      customer_number: policy.customerNumber,
      class_of_use: policy.classOfUse,
      cover_level: policy.coverLevel,
      vehicle_registration: policy.vehicleRegistration,
      work_provider_id: policy.workProvider === null ? null : ids.get(policy.workProvider)!,
      from_us: policy.validFrom,
      to_us: policy.validTo,
      recorded_us: policy.recordedAt,
      cancelled_us: policy.cancelledAt,
    })),
  )
  await sql`
    with made as (
      select * from json_to_recordset(${JSON.stringify(rows)}::json)
        as made (id uuid, customer_number text, class_of_use text, cover_level text, vehicle_registration text,
          work_provider_id uuid, from_us bigint, to_us bigint, recorded_us bigint, cancelled_us bigint)
    ),
    inserted as (
      insert into policy (id, customer_number, class_of_use, cover_level, vehicle_registration, work_provider_id,
        valid_from, valid_to, recorded_at)
      select id, customer_number, class_of_use, cover_level, vehicle_registration, work_provider_id,
        ${timestampOf('from_us')}, ${timestampOf('to_us')}, ${timestampOf('recorded_us')}
      from made
    )
    insert into policy_cancellation (policy_id, effective_at, recorded_at)
    select id, ${timestampOf('cancelled_us')}, ${timestampOf('cancelled_us')} from made where cancelled_us is not null
  `.execute(trx)
}

/** Needs the locks of the identities, and that nobody holds them or was told of under them. */
async function insertBindings(
  trx: DatabaseTransaction,
  held: readonly { identity: Identity; customerNumber: string; recordedAt: Instant }[],
): Promise<void> {
  const rows = held.map(({ identity, customerNumber, recordedAt }) => ({
    work_provider_id: identity.workProviderId,
    kind: identity.kind,
    identity: identity.text,
    slice: sliceOf(identity),
    customer_number: customerNumber,
    recorded_us: recordedAt,
  }))
  await sql`
    insert into binding (work_provider_id, identity_kind, identity, slice, link_id, recorded_at)
    select work_provider_id, kind, identity, slice, link.id, ${timestampOf('recorded_us')}
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as made (work_provider_id uuid, kind identity_kind, identity text, slice smallint, customer_number text,
        recorded_us bigint)
    join link using (work_provider_id, customer_number) order by recorded_us
  `.execute(trx)
}

async function insertConsents(
  trx: DatabaseTransaction,
  couriers: readonly SimulatedCourier[],
  ids: WorkProviderIds,
): Promise<void> {
  const rows = couriers.flatMap(({ links }) =>
    links.flatMap(({ workProvider, customerNumber, consents }) =>
      consents.map(({ given, at, cameBy }) => ({
        work_provider_id: ids.get(workProvider)!,
        customer_number: customerNumber,
        given,
        at_us: at,
        came_by: cameBy,
      })),
    ),
  )
  await sql`
    insert into consent (link_id, given, effective_at, recorded_at, came_by)
    select link.id, given, ${timestampOf('at_us')}, ${timestampOf('at_us')}, came_by
    from json_to_recordset(${JSON.stringify(rows)}::json)
      as made (work_provider_id uuid, customer_number text, given boolean, at_us bigint, came_by text)
    join link using (work_provider_id, customer_number) order by at_us
  `.execute(trx)
}

/** Adds words of work providers, and claims to ids that others hold. */
export async function insertCases(
  trx: DatabaseTransaction,
  { matches, claims }: { matches: readonly SimulatedMatch[]; claims: readonly SimulatedClaim[] },
  ids: WorkProviderIds,
): Promise<void> {
  await sql`
    insert into match (request_id, work_provider_id, customer_number, success, received_at)
    select request_id, work_provider_id, customer_number, success, ${timestampOf('received_us')}
    from json_to_recordset(${JSON.stringify(
      matches.map((match) => ({
        request_id: match.requestId,
        work_provider_id: ids.get(match.workProvider)!,
        customer_number: match.customerNumber,
        success: match.success,
        received_us: match.receivedAt,
      })),
    )}::json) as made (request_id uuid, work_provider_id uuid, customer_number text, success boolean, received_us bigint)
  `.execute(trx)
  await sql`
    insert into link_conflict (work_provider_id, user_id, customer_number, recorded_at)
    select work_provider_id, user_id, customer_number, ${timestampOf('recorded_us')}
    from json_to_recordset(${JSON.stringify(
      claims.map((claim) => ({
        work_provider_id: ids.get(claim.workProvider)!,
        user_id: claim.userId,
        customer_number: claim.customerNumber,
        recorded_us: claim.recordedAt,
      })),
    )}::json) as made (work_provider_id uuid, user_id text, customer_number text, recorded_us bigint)
    on conflict do nothing
  `.execute(trx)
}

/** Lets reports wait in the inbox as if each had been received when it says. */
export async function insertReceived(db: Database, rows: InboxColumns, receivedAt: readonly Instant[]): Promise<void> {
  await sql`
    insert into inbox (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
    select slice, work_provider_id, request_id, item, case when is_number then ${CUSTOMER_NUMBER} else ${USER_ID} end,
      identity, case when is_login then 'login'::event_kind else 'logout'::event_kind end, at, received_at
    from unnest(${smallintArray(rows.slice)}::smallint[], ${uuidArray(rows.workProviderId)}::uuid[],
      ${uuidArray(rows.requestId)}::uuid[], ${integerArray(rows.item)}::integer[],
      ${booleanArray(rows.identityKind.map((kind) => kind === 'customer_number'))}::boolean[],
      ${textArray(rows.identity)}::text[], ${booleanArray(rows.kind.map((kind) => kind === 'login'))}::boolean[],
      ${timestampArray(rows.at)}::timestamptz[], ${timestampArray(receivedAt)}::timestamptz[])
      as row (slice, work_provider_id, request_id, item, is_number, identity, is_login, at, received_at)
  `.execute(db)
}
