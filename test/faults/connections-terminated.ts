import { sql } from 'kysely'
import { setTimeout as delay } from 'node:timers/promises'
import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { someAccepted } from './database-kill.ts'
import { alive, withServer } from './harness.ts'
import { newRecorder, type Span, startLoad } from './load.ts'
import { seededRandom } from '../../src/domain/random.ts'
import { needsServer, type Row, type RowOptions } from './row.ts'
import { type ChildStore, openChildStore } from './store.ts'
import { judgeOf, type RowResult } from './verdict.ts'

/* D5: every connection of the program is terminated by the database server while it is used, again and again. */

const CONNECTIONS = 16
const MAX_ANSWERS_BETWEEN = 60
const MAX_WAIT_MS = 30
const TERMINATION_PATIENCE_MS = 5_000

export const connectionsTerminated: Row = {
  id: 'D5',
  guarantee:
    'all database connections terminated while in use: it lives, and at most the requests under way are refused',
  engines: ['server'],
  skip: needsServer,
  run: terminateConnections,
}

async function terminateConnections({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const store = await openChildStore(engine)
  try {
    return await withServer(store.environment, async (server) => {
      const client = openClient(server.port, CONNECTIONS)
      const { key } = store
      const load = startLoad({ client, key, recorder, random, connections: CONNECTIONS, isThereAlways: true })
      let terminated = 0
      const terminations: Span[] = []
      for (let round = 1; round <= rounds; round++) {
        await someAccepted(server, load, random.between(1, MAX_ANSWERS_BETWEEN))
        await delay(random.below(MAX_WAIT_MS))
        const fromMs = performance.now()
        terminated += await terminateAll(store)
        terminations.push({ fromMs, untilMs: performance.now() })
      }
      await someAccepted(server, load, CONNECTIONS)
      await load.stop()
      alive(server)
      client.close()
      log(`${terminated} connections terminated, ${load.refused()} requests refused`)
      const result = await judgeOf(store, server, recorder, rounds)
      return { ...result, problems: [...result.problems, ...problemsOf(load.refusals, terminations, terminated)] }
    })
  } finally {
    await store.remove()
  }
}

/** A request may be refused that was under way while connections were being ended, and no other. */
function problemsOf(refusals: readonly Span[], terminations: readonly Span[], terminated: number): string[] {
  const unexplained = refusals.filter((refusal) => !terminations.some((termination) => overlap(refusal, termination)))
  return [
    ...(unexplained.length === 0
      ? []
      : [`${unexplained.length} requests were refused that were not under way while connections were ended`]),
    ...(terminated > 0 ? [] : ['no connection was terminated']),
  ]
}

function overlap(a: Span, b: Span): boolean {
  return a.fromMs <= b.untilMs && b.fromMs <= a.untilMs
}

/** Ends every connection of the program on the store, and waits until they are gone; answers how many there were. */
async function terminateAll(store: ChildStore): Promise<number> {
  const { context, close } = store.connect()
  try {
    const { rows } = await sql<{ terminated: number }>`
      select count(pg_terminate_backend(pid, ${TERMINATION_PATIENCE_MS})) as terminated from pg_stat_activity
      where datname = current_database() and application_name = 'zego' and pid <> pg_backend_pid()
    `.execute(context.db)
    return rows[0]!.terminated
  } finally {
    await close()
  }
}
