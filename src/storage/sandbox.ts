import { sql } from 'kysely'
import { TEST_CUSTOMER_NUMBERS } from '../domain/sandbox.ts'
import type { WorkProvider } from '../domain/work-provider.ts'
import type { Database, DatabaseTransaction } from './database.ts'

/** Any number: tells this lock from others. */
const SANDBOX_LOCK = 4

/** The links of test customers, three for each twin: to leave out what belongs to them. By number, as there is an index for that. */
export const TEST_LINKS = sql`(
  select l.id from customer c join link l on l.customer_number = c.customer_number
  where c.customer_number = any(${sql.lit(`{${TEST_CUSTOMER_NUMBERS.join(',')}}`)}::text[]) and c.is_test
)`

/** The test twins. */
export const TEST_TWINS = sql`(select id from work_provider where test_of is not null)`

/** Of two who make a twin at once, the second sees what the first made. Held until the end of the transaction. */
export async function holdSandbox(trx: DatabaseTransaction): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended('sandbox', ${SANDBOX_LOCK}))`.execute(trx)
}

export async function findTestTwin(db: Database, workProviderId: string): Promise<WorkProvider | null> {
  const { rows } = await sql<WorkProvider>`
    select id, name from work_provider where test_of = ${workProviderId}
  `.execute(db)
  return rows[0] ?? null
}
