import { sql } from 'kysely'
import type { Instant } from '../domain/instant.ts'
import { type LinkRequirement, nameKey, type Setting, type WorkProvider } from '../domain/work-provider.ts'
import type { Database, DatabaseTransaction } from './database.ts'
import { microseconds, timestamp } from './sql.ts'

/** Any number: tells these locks from others. */
const WORK_PROVIDER_LOCK = 1

/** `testOf`: the work provider that this one is the test twin of. */
export async function insertWorkProvider(
  db: Database,
  { id, name }: WorkProvider,
  testOf: string | null = null,
): Promise<void> {
  await sql`
    insert into work_provider (id, name, name_key, test_of) values (${id}, ${name}, ${nameKey(name)}, ${testOf})
  `.execute(db)
}

/* Test twins are no work providers to whoever looks for one: storage/sandbox.ts finds them. */

export async function findWorkProvider(db: Database, name: string): Promise<WorkProvider | null> {
  const { rows } = await sql<WorkProvider>`
    select id, name from work_provider where name_key = ${nameKey(name)} and test_of is null
  `.execute(db)
  return rows[0] ?? null
}

export async function findWorkProviderById(db: Database, id: string): Promise<WorkProvider | null> {
  const { rows } = await sql<WorkProvider>`
    select id, name from work_provider where id = ${id} and test_of is null
  `.execute(db)
  return rows[0] ?? null
}

export async function listWorkProviders(db: Database): Promise<WorkProvider[]> {
  const { rows } = await sql<WorkProvider>`
    select id, name from work_provider where test_of is null order by name_key
  `.execute(db)
  return rows
}

/** All names by id, those of test twins among them: for what goes through every link that there is. */
export async function workProviderNames(db: Database): Promise<Map<string, string>> {
  const { rows } = await sql<WorkProvider>`select id, name from work_provider`.execute(db)
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/**
 * Taken by everything that derives: shared by all of them, held alone by a change of settings, so that
 * nothing is derived by settings that change meanwhile. Locks of PostgreSQL's lock manager rather than of rows: there
 * a change that waits is not overtaken by those who come later, however many they are. They end with the transaction.
 */
export async function shareWorkProviders(trx: DatabaseTransaction, ids: readonly string[]): Promise<void> {
  const sorted = [...new Set(ids)].sort()
  await sql`/* prepared */
    select pg_advisory_xact_lock_shared(hashtextextended(id, ${WORK_PROVIDER_LOCK})) from unnest(${sorted}::text[]) id
  `.execute(trx)
}

export async function holdWorkProvider(trx: DatabaseTransaction, id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${id}, ${WORK_PROVIDER_LOCK}))`.execute(trx)
}

type SettingRow = {
  seq: number
  workProviderId: string
  name: Setting['name']
  value: string
  effectiveAt: Instant
  recordedAt: Instant
}

export async function settingsOf(db: Database, ids: readonly string[]): Promise<Map<string, Setting[]>> {
  const { rows } = await sql<SettingRow>`/* prepared */
    select seq, work_provider_id as "workProviderId", name, value,
      ${microseconds('effective_at')} as "effectiveAt", ${microseconds('recorded_at')} as "recordedAt"
    from setting where work_provider_id = any(${ids}::uuid[]) order by seq
  `.execute(db)
  const settings = new Map<string, Setting[]>(ids.map((id) => [id, []]))
  for (const row of rows) settings.get(row.workProviderId)!.push(settingFromRow(row))
  return settings
}

export function settingFromRow({
  seq,
  name,
  value,
  effectiveAt,
  recordedAt,
}: Omit<SettingRow, 'workProviderId'>): Setting {
  if (name === 'cap') return { seq, name, microseconds: Number(value), effectiveAt, recordedAt }
  if (name === 'link_requires') return { seq, name, requirement: value as LinkRequirement, effectiveAt, recordedAt }
  return { seq, name, effectiveAt, recordedAt }
}

export async function insertSetting(
  trx: DatabaseTransaction,
  setting: { workProviderId: string; name: Setting['name']; value: string; effectiveAt: Instant },
): Promise<void> {
  await sql`
    insert into setting (work_provider_id, name, value, effective_at)
    values (${setting.workProviderId}, ${setting.name}, ${setting.value}, ${timestamp(setting.effectiveAt)})
  `.execute(trx)
}
