import { sql } from 'kysely'
import type { Database } from './database.ts'

/** The secret of a name that all processes of this database use: the one that is there, or else the one offered. */
export async function sharedSecret(db: Database, name: string, offered: string): Promise<string> {
  await sql`insert into shared_secret (name, secret) values (${name}, ${offered}) on conflict do nothing`.execute(db)
  const { rows } = await sql<{ secret: string }>`select secret from shared_secret where name = ${name}`.execute(db)
  return rows[0]!.secret
}
