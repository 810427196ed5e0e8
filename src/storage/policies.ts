import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import type { Policy } from '../domain/policy.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, microsecondsOrNull, timestamp } from './sql.ts'
import { noteStatusDue } from './status-due.ts'

export type NewPolicy = Omit<Policy, 'recordedAt' | 'cancellations'> & { readonly customerNumber: string }

export async function insertPolicy(db: Database, policy: NewPolicy): Promise<void> {
  await sql`
    with kept as (
      insert into policy (id, customer_number, class_of_use, cover_level, vehicle_registration, work_provider_id,
        valid_from, valid_to)
      values (${policy.id}, ${policy.customerNumber}, ${policy.classOfUse}, ${policy.coverLevel},
        ${policy.vehicleRegistration}, ${policy.workProviderId}, ${timestamp(policy.validFrom)},
        ${timestamp(policy.validTo)})
      returning customer_number, valid_from, valid_to
    )
    ${noteStatusDue(sql`select customer_number, unnest(array[valid_from, valid_to]) from kept`)}
  `.execute(db)
}

export async function insertCancellation(db: Database, policyId: string, effectiveAt: Instant): Promise<void> {
  await sql`
    with kept as (
      insert into policy_cancellation (policy_id, effective_at) values (${policyId}, ${timestamp(effectiveAt)})
      returning policy_id, effective_at
    )
    ${noteStatusDue(sql`select customer_number, effective_at from kept join policy on policy.id = kept.policy_id`)}
  `.execute(db)
}

/** The customer number of a policy; null where there is no such policy. */
export async function findPolicyHolder(db: Database, id: string): Promise<string | null> {
  const { rows } = await sql<{ customerNumber: string }>`
    select customer_number as "customerNumber" from policy where id = ${id}
  `.execute(db)
  return rows[0]?.customerNumber ?? null
}

/** Holds a policy until the transaction ends: nobody else who holds it changes or cancels it meanwhile. */
export async function lockPolicy(trx: DatabaseTransaction, id: string): Promise<void> {
  await sql`select from policy where id = ${id} for no key update`.execute(trx)
}

/** The policies of several customers, with their cancellations. */
export async function policiesOf(db: Database, customerNumbers: readonly string[]): Promise<Map<string, Policy[]>> {
  const { rows } = await sql<Policy & { customerNumber: string }>`
    select p.id, p.customer_number as "customerNumber", p.class_of_use as "classOfUse",
      p.cover_level as "coverLevel", p.vehicle_registration as "vehicleRegistration",
      p.work_provider_id as "workProviderId", ${microseconds('p.valid_from')} as "validFrom",
      ${microsecondsOrNull('p.valid_to')} as "validTo", ${microseconds('p.recorded_at')} as "recordedAt",
      coalesce((
        select json_agg(json_build_object('effectiveAt', ${microseconds('c.effective_at')},
          'recordedAt', ${microseconds('c.recorded_at')}) order by c.seq)
        from policy_cancellation c where c.policy_id = p.id
      ), '[]') as cancellations
    from policy p where p.customer_number = any(${customerNumbers}::text[])
    order by p.valid_from, p.recorded_at
  `.execute(db)
  const policies = new Map<string, Policy[]>(customerNumbers.map((number) => [number, []]))
  for (const { customerNumber, ...policy } of rows) policies.get(customerNumber)!.push(policy)
  return policies
}
