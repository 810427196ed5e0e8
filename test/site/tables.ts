import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { Context } from '../../src/app/context.ts'

/** Every row of every table, as text. */
export type Contents = Readonly<Record<string, string>>

export async function contentsOf({ db }: Pick<Context, 'db'>): Promise<Contents> {
  const { rows: tables } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public'
  `.execute(db)
  const each = tables.map(
    ({ name }) => sql`
      select ${name}::text as name, coalesce(jsonb_agg(to_jsonb(t) order by to_jsonb(t)::text), '[]')::text as content
      from ${sql.table(name)} t
    `,
  )
  const { rows } = await sql<{ name: string; content: string }>`${sql.join(each, sql` union all `)}`.execute(db)
  return Object.fromEntries(rows.map(({ name, content }) => [name, content]))
}

/** What the API refused or was asked, and with which key, is noted a little later than it was answered: of an earlier call, perhaps. */
export const NOTED_LATER = ['refusal', 'refusal_count', 'link_asked', 'key_use', 'deprecated_use']

/** `ignored`: tables that may change. */
export function assertSame(after: Contents, before: Contents, what: string, ignored: readonly string[] = []): void {
  const changed = changedTables(before, after).filter((name) => ![...NOTED_LATER, ...ignored].includes(name))
  assert.deepEqual(changed, [], `${what} changed ${changed.join(', ')}`)
}

export function changedTables(before: Contents, after: Contents): string[] {
  return Object.keys(after)
    .filter((name) => before[name] !== after[name])
    .sort()
}
