import assert from 'node:assert/strict'
import { sql } from 'kysely'
import type { Database } from '../../src/storage/database.ts'
import type { Planned, PlanNode } from './plans.ts'

/** A table of a few pages (eight kB each) is read whole in the time of some probes of an index, and is as cheap. */
export const SMALL_PAGES = 50
/** Few rows whoever uses the program for however long: one for each company, or for each change of a company's terms. */
const SMALL_TABLES = new Set(['work_provider', 'setting'])
/** Conditions on these alone leave a large part of an index; whatever else an index begins with names one thing. */
const NOT_SELECTIVE = new Set(['slice', 'work_provider_id', 'kind', 'identity_kind', 'at', 'is_done', 'since'])
/** What hands rows on one by one: a limit above it ends the scan below. */
const PASSES_ON = new Set(['LockRows', 'Append', 'Merge Append', 'Subquery Scan', 'Result'])

/** What there is in the database by now: the sizes of its tables, and the columns of its indexes in order. */
export type Catalog = {
  readonly pages: ReadonlyMap<string, number>
  /** Of a partition, the table that it is one of. */
  readonly tableOf: ReadonlyMap<string, string>
  readonly columnsOf: ReadonlyMap<string, readonly string[]>
}

export async function readCatalog(db: Database): Promise<Catalog> {
  const tables = await sql<{ name: string; table: string; pages: number }>`
    select c.relname as name, coalesce(p.relname, c.relname) as table, pg_relation_size(c.oid) / 8192 as pages
    from pg_class c left join pg_inherits i on i.inhrelid = c.oid left join pg_class p on p.oid = i.inhparent
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
  `.execute(db)
  const indexes = await sql<{ name: string; columns: string[] }>`
    select c.relname as name,
      array(select pg_get_indexdef(c.oid, n, true) from generate_series(1, i.indnkeyatts) n order by n) as columns
    from pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = current_schema()::regnamespace
  `.execute(db)
  return {
    pages: new Map(tables.rows.map((row) => [row.name, row.pages])),
    tableOf: new Map(tables.rows.map((row) => [row.name, row.table])),
    columnsOf: new Map(indexes.rows.map((row) => [row.name, row.columns])),
  }
}

/** Each statement goes straight to its rows, and together they look into these tables at least. */
export async function assertStraight(db: Database, planned: readonly Planned[], tables: readonly string[] = []) {
  const catalog = await readCatalog(db)
  for (const { text, plan, made } of planned) {
    const problems = problemsOf(plan, catalog).join('; ')
    assert.ok(problems === '', `${problems}: in the plan ${made} of\n${text}\n${formatPlan(plan)}`)
  }
  const seen = new Set(planned.flatMap((one) => [...lookedInto(one)].map((name) => catalog.tableOf.get(name) ?? name)))
  for (const table of tables) assert.ok(seen.has(table), `${table} was not looked into, only ${[...seen].join(', ')}`)
}

/** Where a plan reads more of a grown table than the rows that are meant: what it does costs more as the store grows. */
export function problemsOf(plan: PlanNode, catalog: Catalog): string[] {
  return nodesOf(plan).flatMap(([node, above]) => problemOf(node, above, catalog) ?? [])
}

function problemOf(node: PlanNode, above: readonly PlanNode[], catalog: Catalog): string | null {
  const type = node['Node Type']
  const relation = node['Relation Name']
  const isSmall = (name: string): boolean =>
    SMALL_TABLES.has(catalog.tableOf.get(name) ?? name) || (catalog.pages.get(name) ?? Infinity) <= SMALL_PAGES
  if (type === 'Seq Scan' || type === 'Sample Scan') {
    return isSmall(relation!) ? null : `${type} on ${relation} (${catalog.pages.get(relation!)} pages)`
  }
  const index = node['Index Name']
  if (index === undefined || type === 'ModifyTable') return null
  if (relation !== undefined && isSmall(relation)) return null
  // One of PostgreSQL's own tables: what is looked up there does not grow.
  if (relation?.startsWith('pg_') === true) return null
  const columns = catalog.columnsOf.get(index)!
  const leading = leadingColumns(columns, node['Index Cond'] ?? '')
  if (leading.some((column) => !NOT_SELECTIVE.has(column))) return null
  const others = columns.slice(leading.length).filter((column) => isIn(column, alone(node['Index Cond'] ?? '')))
  if (others.length === 0 && endsAtLimit(node, above)) return null
  return `${type} using ${index} (${columns.join(', ')}) by ${leading.join(', ') || 'none of them'}`
}

/** Whether the scan is in the order of its index, goes on only until a limit is met, and leaves nothing out on its way. */
function endsAtLimit(node: PlanNode, above: readonly PlanNode[]): boolean {
  if (node['Node Type'] === 'Bitmap Index Scan' || node.Filter !== undefined) return false
  const stop = above.find((one) => !PASSES_ON.has(one['Node Type']) || one.Filter !== undefined)
  return stop?.['Node Type'] === 'Limit'
}

/** A condition with the first columns of its rows only: a row that is compared whole is a place in the index. */
function alone(condition: string): string {
  return condition.replaceAll(/ROW\((\w+)(?:, \w+)*\) ([<>]=?)/g, '$1 $2')
}

/** The columns that say which stretch of an index is read: those it begins with that are given, then one that has bounds. */
function leadingColumns(columns: readonly string[], condition: string): string[] {
  const given = columns.findIndex((column) => !isIn(column, condition, '='))
  if (given === -1) return [...columns]
  return columns.slice(0, isIn(columns[given]!, condition) ? given + 1 : given)
}

/** PostgreSQL writes the columns of the index itself bare, and whatever they are compared with qualified. */
function isIn(column: string, condition: string, operator = '(?:~?[<>]?=?~?|@@)'): boolean {
  return new RegExp(`(?<![\\w.])${RegExp.escape(column)}(,[^()]*\\))? ${operator} `).test(condition)
}

/** The nodes of a plan, each with those above it, the nearest first. */
function nodesOf(node: PlanNode, above: readonly PlanNode[] = []): [PlanNode, readonly PlanNode[]][] {
  return [[node, above], ...(node.Plans ?? []).flatMap((child) => nodesOf(child, [node, ...above]))]
}

/** The tables, or partitions, that a plan looks into; without those of which is known that it did not come to them. */
export function lookedInto({ plan }: Planned): Set<string> {
  return new Set(
    nodesOf(plan).flatMap(([node]) =>
      node['Relation Name'] === undefined || node['Actual Loops'] === 0 ? [] : [node['Relation Name']],
    ),
  )
}

const MAX_LINE = 200

/** A plan as text: one line a node. */
export function formatPlan(plan: PlanNode, depth = 0): string {
  const { Plans = [], Filter, 'Node Type': type, 'Index Name': index, 'Relation Name': relation } = plan
  const said = [
    `${' '.repeat(2 * depth)}${plan.Operation ?? ''}${type}`,
    index && `using ${index}`,
    relation && `on ${relation}`,
    plan['Actual Loops'] === 0 && '(never executed)',
    plan['Index Cond'] && `where ${plan['Index Cond']}`,
    Filter && `if ${Filter}`,
  ]
  return [
    said.filter(Boolean).join(' ').slice(0, MAX_LINE),
    ...Plans.map((child) => formatPlan(child, depth + 1)),
  ].join('\n')
}
