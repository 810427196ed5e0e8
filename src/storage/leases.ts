import { sql } from 'kysely'
import type { Database } from './database.ts'

/** Takes or prolongs what one process holds at a time; false while another does. One that died has it for its time yet. */
export async function holdLease(db: Database, name: string, holder: string, seconds: number): Promise<boolean> {
  const { rows } = await sql<{ name: string }>`
    insert into lease (name, holder, held_until)
    values (${name}, ${holder}, clock_timestamp() + ${seconds}::int * interval '1 second')
    on conflict (name) do update set holder = excluded.holder, held_until = excluded.held_until
    where lease.holder = excluded.holder or lease.held_until < clock_timestamp()
    returning name
  `.execute(db)
  return rows.length > 0
}

/** Lets others have it at once. */
export async function dropLease(db: Database, name: string, holder: string): Promise<void> {
  await sql`delete from lease where name = ${name} and holder = ${holder}`.execute(db)
}
