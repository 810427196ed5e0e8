import { sql } from 'kysely'
import { Impossible } from '../domain/errors.ts'
import { SLICES } from '../domain/identity.ts'
import { type Database, type DatabaseTransaction, inTransaction, NotDurable } from './database.ts'
import { PLANNER_SETTINGS } from './planner-settings.ts'

/* Citus spreads tables over the shards of several servers: docs/decisions/0026. */

/** Each has `slice` in its key; in this order, since the others lie where the first does. */
const DISTRIBUTED = ['inbox', 'report', 'event'] as const
/** Made with the distribution, and filled: of no migration, and in no backup. */
export const CITUS_TABLES: readonly string[] = ['slice_turn', 'inbox_slice']
/**
 * An insert goes to all shards that it has rows for by one connection to each worker: by one to each shard, as Citus would,
 * every flush prepares and commits as many transactions as there are shards.
 */
const INSERT_SETTING = 'citus.multi_shard_modify_mode=sequential'
/** Any number: what every process that distributes the tables of one cluster locks. */
const DISTRIBUTION_LOCK = 2_018_0814

const known = new WeakMap<object, boolean>()

/**
 * Whether the database is one of Citus. Asked once for a pool: its transactions have the same adapter. What is answered
 * holds for as long as the pool lives; the extension comes before the tables, and does not go.
 */
export async function isCitus(db: Database): Promise<boolean> {
  const { adapter } = db.getExecutor()
  const told = known.get(adapter)
  if (told !== undefined) return told
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from pg_extension where extname = 'citus') as found
  `.execute(db)
  known.set(adapter, rows[0]!.found)
  return rows[0]!.found
}

/**
 * Distributes what grows with the reports by slice, where the database is one of Citus. Every other table stays on the
 * coordinator. Does nothing that is done; answers the tables that it distributed. Throws `Impossible` where there are
 * reports already.
 */
export async function distribute(db: Database): Promise<string[]> {
  if (!(await isCitus(db))) return []
  const distributed: string[] = []
  await underLock(db, async (trx) => {
    // A settled cluster is not told again: several processes start together.
    if (await isDistributed(trx, DISTRIBUTED.at(-1)!)) return
    await setUpNodes(trx)
    await makeSliceTurns(trx)
  })
  for (const table of DISTRIBUTED) if (await distributeTable(db, table)) distributed.push(table)
  return distributed
}

/**
 * Throws `Impossible` where the database is one of a worker of Citus, and `NotDurable` if a node of its cluster would lose
 * reports. Says nothing of a database without Citus.
 */
export async function assertWhole(db: Database): Promise<void> {
  if (!(await isCitus(db))) return
  await assertCoordinator(db)
  await assertNodesDurable(db)
}

async function assertCoordinator(db: Database): Promise<void> {
  const { rows } = await sql<{ isCoordinator: boolean }>`select citus_is_coordinator() as "isCoordinator"`.execute(db)
  if (!rows[0]!.isCoordinator) {
    throw new Impossible('this server is a worker of a Citus cluster: give the URL of its coordinator')
  }
}

/** As `assertDurable`, of every node. */
async function assertNodesDurable(db: Database): Promise<void> {
  const { rows } = await sql<{ node: string; fsync: string; synchronousCommit: string }>`
    select format('%s:%s', n.nodename, n.nodeport) as node, split_part(told.result, ' ', 1) as fsync,
      split_part(told.result, ' ', 2) as "synchronousCommit"
    from run_command_on_all_nodes(
      $$select current_setting('fsync') || ' ' || current_setting('synchronous_commit')$$) told
    join pg_dist_node n using (nodeid)
  `.execute(db)
  const bad = rows.find(({ fsync, synchronousCommit }) => fsync !== 'on' || ['', 'off'].includes(synchronousCommit))
  if (bad !== undefined) {
    throw new NotDurable(`the Citus node ${bad.node} does not answer or runs with fsync or synchronous_commit off`)
  }
}

function underLock<T>(db: Database, work: (trx: DatabaseTransaction) => Promise<T>): Promise<T> {
  return inTransaction(db, async (trx) => {
    await sql`select pg_advisory_xact_lock(${DISTRIBUTION_LOCK})`.execute(trx)
    return work(trx)
  })
}

async function isDistributed(db: Database, table: string): Promise<boolean> {
  const { rows } = await sql`select from pg_dist_partition where logicalrelid = ${table}::regclass`.execute(db)
  return rows.length > 0
}

function distributeTable(db: Database, table: (typeof DISTRIBUTED)[number]): Promise<boolean> {
  return underLock(db, async (trx) => {
    if (await isDistributed(trx, table)) return false
    const { rows: told } = await sql`select from ${sql.table(table)} limit 1`.execute(trx)
    if (told.length > 0) {
      throw new Impossible(`"${table}" has rows already: a store is distributed before it takes its first report`)
    }
    const beside = table === DISTRIBUTED[0] ? 'none' : DISTRIBUTED[0]
    await sql`select create_distributed_table(${table}, 'slice', colocate_with => ${beside})`.execute(trx)
    if (table === 'inbox') await makeInboxSlices(trx)
    return true
  })
}

/** What a connection sets for itself stays on the coordinator; what its database sets, Citus tells every node. */
async function setUpNodes(db: Database): Promise<void> {
  for (const setting of [...PLANNER_SETTINGS, INSERT_SETTING]) {
    await sql`
      do ${sql.lit(`begin execute format('alter database %I set ${setting}', current_database()); end`)}
    `.execute(db)
  }
}

/**
 * What `waitingSlices` goes by: the slices, each beside its reports, and an index that leads to those of one. Without
 * that, a slice that has none is known only once all of its shard was looked at.
 */
async function makeInboxSlices(db: Database): Promise<void> {
  await sql`create index inbox_by_slice on inbox (slice)`.execute(db)
  await sql`create table inbox_slice (slice smallint primary key)`.execute(db)
  await sql`select create_distributed_table('inbox_slice', 'slice', colocate_with => 'inbox')`.execute(db)
  await sql`insert into inbox_slice (slice) select generate_series(0, ${SLICES - 1})`.execute(db)
}

/** A slice's last turn, and the reports that were derived in it (storage/slices.ts). Of the coordinator alone. */
async function makeSliceTurns(db: Database): Promise<void> {
  await sql`
    create table if not exists slice_turn (
      slice smallint primary key,
      turn bigint not null,
      work_provider_id uuid[] not null,
      request_id uuid[] not null,
      item integer[] not null
    )
  `.execute(db)
  await sql`
    insert into slice_turn (slice, turn, work_provider_id, request_id, item)
    select slice, 0, '{}', '{}', '{}' from generate_series(0, ${SLICES - 1}) slice
    on conflict do nothing
  `.execute(db)
}
