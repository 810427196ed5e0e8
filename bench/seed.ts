import { sql } from 'kysely'
import { createKey } from '../src/app/api-keys.ts'
import type { Context } from '../src/app/context.ts'
import { createWorkProvider } from '../src/app/work-providers.ts'
import { sliceOf } from '../src/domain/identity.ts'
import { customerNumberOf, userIdOf } from './load/job.ts'

/** Who reports. */
export const WORK_PROVIDER = 'Bench Ltd'

/** What a bench's store holds before anything is measured. */
export type Seeded = { readonly workProviderId: string; readonly key: string }

const CUSTOMERS_A_PIECE = 20_000

export const nameOf = (courier: number): string => `Rider ${(courier * 7919) % 1_000_003} Number ${courier}`
export const registrationOf = (courier: number): string => `VY7 ${courier}`

/** Makes customers, each with a policy and an active link; their numbers are those of the generator's couriers, from 0 on. */
export async function seed(context: Context, customers: number): Promise<Seeded> {
  const { id: workProviderId } = await createWorkProvider(context, WORK_PROVIDER)
  const { key } = await createKey(context, WORK_PROVIDER)
  for (let from = 0; from < customers; from += CUSTOMERS_A_PIECE) {
    await seedPiece(context, workProviderId, from, Math.min(CUSTOMERS_A_PIECE, customers - from))
  }
  for (const table of ['customer', 'policy', 'link', 'consent', 'identity', 'binding']) {
    await sql`vacuum (analyze) ${sql.table(table)}`.execute(context.db)
  }
  return { workProviderId, key }
}

async function seedPiece({ db }: Context, workProviderId: string, from: number, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => customerNumberOf(from + index))
  const names = Array.from({ length: count }, (_, index) => nameOf(from + index))
  const registrations = Array.from({ length: count }, (_, index) => registrationOf(from + index))
  const userIds = Array.from({ length: count }, (_, index) => userIdOf(from + index))
  await sql`
    insert into customer (customer_number, email, email_key, name)
    select n, n || '@example.com', lower(n) || '@example.com', name
    from unnest(${numbers}::text[], ${names}::text[]) made (n, name)
  `.execute(db)
  await sql`
    insert into policy (id, customer_number, class_of_use, cover_level, vehicle_registration, valid_from)
    select gen_random_uuid(), n, 'Carriage of Goods for Hire & Reward', 'Third Party (TPO)', registration, '2020-01-01'
    from unnest(${numbers}::text[], ${registrations}::text[]) made (n, registration)
  `.execute(db)
  await sql`
    insert into link (work_provider_id, customer_number) select ${workProviderId}, n from unnest(${numbers}::text[]) n
  `.execute(db)
  await sql`
    insert into consent (link_id, given, effective_at)
    select l.id, true, '2020-01-01'
    from unnest(${numbers}::text[]) n join link l on l.work_provider_id = ${workProviderId} and l.customer_number = n
  `.execute(db)
  for (const [kind, texts] of [
    ['customer_number', numbers],
    ['user_id', userIds],
  ] as const) {
    const slices = texts.map((text) => sliceOf({ workProviderId, kind, text }))
    await sql`
      insert into identity (work_provider_id, kind, identity, slice)
      select ${workProviderId}, ${kind}::identity_kind, t, s from unnest(${texts}::text[], ${slices}::smallint[]) as x (t, s)
    `.execute(db)
    await sql`
      insert into binding (work_provider_id, identity_kind, identity, slice, link_id)
      select ${workProviderId}, ${kind}::identity_kind, t, s, l.id
      from unnest(${texts}::text[], ${slices}::smallint[], ${numbers}::text[]) as x (t, s, n)
      join link l on l.work_provider_id = ${workProviderId} and l.customer_number = n
    `.execute(db)
  }
}
