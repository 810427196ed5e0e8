import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openDatabase } from '../src/storage/database.ts'
import { openEmbedded } from '../src/storage/embedded/embedded.ts'
import { migrate } from '../src/storage/migrate.ts'

/*
 * Writes `src/storage/schema.sql`, the schema that the migrations add up to, as the database describes it; with
 * `--check` only says whether the file is up to date.
 */
const FILE = new URL('../src/storage/schema.sql', import.meta.url)
const HEADING = '-- What the migrations add up to. Written by "npm run schema"; to change it, add a migration.\n'

const dataDir = mkdtempSync(join(tmpdir(), 'zego-schema-'))
const engine = await openEmbedded({ dataDir, mayShare: false, onFirstStart: () => {}, onBroken: () => {} })
const { db, close } = openDatabase({ embeddedHost: engine.host }, () => {})
await migrate(db)
await close()
const client = new pg.Client({ host: engine.host, port: 5432, user: 'postgres', database: 'postgres' })
await client.connect()
const text =
  HEADING + (await describeTypes(client)) + (await describeFunctions(client)) + (await describeTables(client))
await client.end()
await engine.close()
rmSync(dataDir, { recursive: true, force: true })

if (!process.argv.includes('--check')) {
  writeFileSync(FILE, text)
} else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('src/storage/schema.sql is not what the migrations add up to: run "npm run schema"')
  process.exitCode = 1
}

async function describeTypes(database: pg.Client): Promise<string> {
  const { rows } = await database.query<{ name: string; labels: string }>(`
    select t.typname as name, string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder) as labels
    from pg_type t join pg_enum e on e.enumtypid = t.oid group by t.typname order by t.typname
  `)
  return rows.map(({ name, labels }) => `\ncreate type ${name} as enum (${labels});\n`).join('')
}

async function describeFunctions(database: pg.Client): Promise<string> {
  const { rows } = await database.query<{ text: string }>(`
    select pg_get_functiondef(oid) as text from pg_proc
    where pronamespace = 'public'::regnamespace and prokind = 'f' order by proname
  `)
  return rows.map(({ text }) => `\n${text.trimEnd()};\n`).join('')
}

async function describeTables(database: pg.Client): Promise<string> {
  const tables = await database.query<{
    oid: number
    name: string
    partitioning: string | null
    partition: string | null
  }>(`
    select c.oid, c.relname as name, pg_get_partkeydef(c.oid) as partitioning,
      case when c.relispartition then
        (select inhparent::regclass::text from pg_inherits where inhrelid = c.oid) || ' ' || pg_get_expr(c.relpartbound, c.oid)
      end as partition
    from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by c.relname
  `)
  const parts: string[] = []
  for (const { oid, name, partitioning, partition } of tables.rows) {
    if (partition !== null) {
      parts.push(`\ncreate table ${name} partition of ${partition};\n`)
      continue
    }
    const lines = [...(await describeColumns(database, oid)), ...(await describeConstraints(database, oid))]
    const by = partitioning === null ? '' : ` partition by ${partitioning}`
    parts.push(
      `\ncreate table ${name} (\n${lines.map((line) => `  ${line}`).join(',\n')}\n)${by};\n`,
      ...(await describeIndexes(database, oid)),
      ...(await describeTriggers(database, oid)),
    )
  }
  return parts.join('')
}

async function describeColumns(database: pg.Client, oid: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select attname || ' ' || format_type(atttypid, atttypmod)
        || case when attidentity = 'a' then ' generated always as identity' else '' end
        || case when attnotnull then ' not null' else '' end
        || coalesce(' default ' || pg_get_expr(adbin, adrelid), '') as line
     from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
     where attrelid = $1 and attnum > 0 and not attisdropped order by attnum`,
    [oid],
  )
  return rows.map((row) => row.line)
}

async function describeConstraints(database: pg.Client, oid: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select pg_get_constraintdef(oid) as line from pg_constraint
     where conrelid = $1 and contype <> 'n' order by contype desc, conname`,
    [oid],
  )
  return rows.map((row) => row.line)
}

async function describeIndexes(database: pg.Client, oid: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select pg_get_indexdef(indexrelid) as line from pg_index
     where indrelid = $1 and not exists (select from pg_constraint where conindid = indexrelid) order by 1`,
    [oid],
  )
  return rows.map((row) => `${row.line};\n`)
}

async function describeTriggers(database: pg.Client, oid: number): Promise<string[]> {
  const { rows } = await database.query<{ line: string }>(
    `select pg_get_triggerdef(oid) as line from pg_trigger where tgrelid = $1 and not tgisinternal order by 1`,
    [oid],
  )
  return rows.map((row) => `${row.line};\n`)
}
