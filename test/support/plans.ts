import assert from 'node:assert/strict'
import pg from 'pg'

/** A node of PostgreSQL's `explain (format json)`, as far as it is looked at. */
export type PlanNode = {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly Operation?: string
  /** Known when the statement was run; 0 for what was never executed. */
  readonly 'Actual Loops'?: number
  readonly Plans?: readonly PlanNode[]
}

/** A statement of the program with a plan that PostgreSQL made for it. */
export type Planned = {
  readonly text: string
  readonly plan: PlanNode
  /** Whether the server compiles it first (its JIT), which takes longer than any statement of the hot paths runs. */
  readonly isCompiled: boolean
  /** `kept`: the one that a prepared statement may go on with whatever its parameters are. */
  readonly made: 'for the parameters' | 'kept'
}

type Query = (config: { text: string; values?: unknown[] }) => Promise<pg.QueryResult>
type Statement = { text: string; values: unknown[]; name: string | undefined }

const READS_OR_WRITES = /^(\s|\(|\/\*[^]*?\*\/|--.*\n)*(select|with|insert|update|delete|merge|values)\b/i
const WRITES_OR_LOCKS = /\b(insert|update|delete|merge|for\s+(key\s+)?share)\b/i
let recorded: Planned[] | null = null
let asksForKept = true
let prepared = 0

/**
 * Runs work and answers the plans of the statements that this process sends meanwhile, in order. Each is explained on the
 * connection that is about to run it, with its parameters, in its transaction: it is the plan that it runs by. Reads are
 * also run for it, which tells what of a plan is never executed. `withKept` false: on Citus, which makes no plan for
 * a shard without knowing the slice.
 */
export async function plansOf(work: () => Promise<unknown>, { withKept = true } = {}): Promise<Planned[]> {
  assert.equal(recorded, null, 'plans are recorded one after another')
  const planned: Planned[] = []
  recorded = planned
  asksForKept = withKept
  try {
    await work()
  } finally {
    recorded = null
  }
  return planned
}

// Now, rather than while something is recorded: whoever wraps a connection keeps hold of the function that it has then.
const send = pg.Client.prototype.query as (this: pg.Client, ...given: unknown[]) => unknown
pg.Client.prototype.query = function query(this: pg.Client, ...given: unknown[]): unknown {
  const planned = recorded
  if (planned === null) return send.apply(this, given)
  const ask: Query = (config) => send.call(this, config) as Promise<pg.QueryResult>
  const statement = statementOf(given)
  const explaining = READS_OR_WRITES.test(statement.text) ? explain(ask, statement, planned) : Promise.resolve()
  const callback = given.at(-1)
  if (typeof callback !== 'function') return explaining.then(() => send.apply(this, given))
  const sendLater = async (): Promise<void> => {
    try {
      await explaining
    } catch (error) {
      callback(error)
      return
    }
    send.apply(this, given)
  }
  return void sendLater()
} as typeof pg.Client.prototype.query

function statementOf([config, values]: unknown[]): Statement {
  if (typeof config === 'string') return { text: config, values: Array.isArray(values) ? values : [], name: undefined }
  const { text, name, values: own } = config as pg.QueryConfig
  assert.equal(typeof text, 'string', 'a statement that cannot be explained: nothing is known of its text')
  assert.ok(!('submit' in (config as object)), `a statement that cannot be explained before it is sent: ${text}`)
  return { text, values: own ?? (Array.isArray(values) ? values : []), name }
}

async function explain(ask: Query, { text, values, name }: Statement, planned: Planned[]): Promise<void> {
  const options = WRITES_OR_LOCKS.test(text) ? 'format json' : 'analyze, timing off, format json'
  const rows = await ask({ text: `explain (${options}) ${text}`, values })
  planned.push({ text, ...explained(rows), made: 'for the parameters' })
  if (asksForKept && name !== undefined && values.length > 0) {
    planned.push({ text, ...explained(await keptPlan(ask, text, values)), made: 'kept' })
  }
}

/** The plan that PostgreSQL makes once and keeps for a prepared statement. */
async function keptPlan(ask: Query, text: string, values: unknown[]): Promise<pg.QueryResult> {
  const name = `plan_${++prepared}`
  const setting = await ask({ text: 'show plan_cache_mode' })
  await ask({ text: `prepare ${name} as ${text}` })
  const types = await ask({
    text: 'select unnest(parameter_types)::text as type from pg_prepared_statements where name = $1',
    values: [name],
  })
  const columns = types.rows.map(({ type }, index) => `quote_nullable($${index + 1}::${type}::text) as p${index}`)
  const literals = (await ask({ text: `select ${columns.join(', ')}`, values })).rows[0]
  const given = types.rows.map(({ type }, index) => `${literals[`p${index}`]}::${type}`)
  await ask({ text: 'set plan_cache_mode = force_generic_plan' })
  const rows = await ask({ text: `explain (format json) execute ${name} (${given.join(', ')})` })
  await ask({ text: `set plan_cache_mode = ${setting.rows[0].plan_cache_mode}` })
  await ask({ text: `deallocate ${name}` })
  return rows
}

function explained({ rows }: pg.QueryResult): { plan: PlanNode; isCompiled: boolean } {
  const [answer] = rows[0]['QUERY PLAN']
  return { plan: answer.Plan, isCompiled: answer.JIT !== undefined }
}
