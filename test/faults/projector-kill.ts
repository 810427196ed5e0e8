import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { ended, startListening } from './harness.ts'
import { newRecorder, startLoad } from './load.ts'
import { seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import { openChildStore } from './store.ts'
import { judge, type RowResult } from './verdict.ts'

/* D10: a process is killed just after a statement of its projector's turn, and started again. */

const CONNECTIONS = 12
/** Of any turn under load: `begin`, claim, work providers, identities twice, bindings, streams, settings, results twice. */
const STATEMENTS = 10
const MAX_TURNS_BEFORE = 5

export const projectorKilled: Row = {
  id: 'D10',
  guarantee:
    'a process killed after any statement of a projector’s turn: every 202 is there once, and the shifts are right',
  engines: ['embedded', 'server', 'citus'],
  skip: () => false,
  run: killProjector,
}

async function killProjector({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const store = await openChildStore(engine)
  try {
    for (let round = 1; round <= rounds; round++) {
      const statement = random.between(2, STATEMENTS + 1)
      const point = statement > STATEMENTS ? 'turn over' : `turn ${statement}`
      const fault = { FAULT_POINT: point, FAULT_SKIP: String(random.below(MAX_TURNS_BEFORE)) }
      const server = await startListening({ ...store.environment, ...fault }, true)
      const client = openClient(server.port, CONNECTIONS)
      const again = recorder.unanswered()
      const load = startLoad({ client, key: store.key, recorder, random, connections: CONNECTIONS, again })
      const exit = await ended(server)
      if (exit.signal !== 'SIGKILL') throw new Error(`it ended by itself:\n${server.stderr()}`)
      await load.over
      client.close()
      log(`round ${round}/${rounds}: killed after ${point}; ${recorder.sent} requests sent`)
    }
    return await judge(store, recorder, rounds)
  } finally {
    await store.remove()
  }
}
