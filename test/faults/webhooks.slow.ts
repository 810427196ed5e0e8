import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { addEndpoint } from '../../src/app/webhooks.ts'
import { formatInstant, instantOfEpochMilliseconds, MICROSECONDS_PER_MINUTE, plus } from '../../src/domain/instant.ts'
import { seededRandom } from '../../src/domain/random.ts'
import { readFeed, type WireEntry } from '../support/feed.ts'
import { openReceiver } from '../support/receiver.ts'
import { ENGINES } from '../support/stores.ts'
import { alive, stopWell, waitFor, withServer, startServer } from './harness.ts'
import { freshSeed } from './random.ts'
import { BOUND_USER_IDS, openChildStore } from './store.ts'

/*
 * The server is killed again and again while reports come in and webhooks go out, to a receiver that refuses some of them.
 * In the end the feed has each report's shift once, numbered without a gap, and every entry of it was brought.
 */

const ROUNDS = 4
const REPORTS_A_ROUND = 40
const MAX_WAIT_BEFORE_KILL_MS = 400
/** What a process died with is brought again when its lease is over. */
const MAX_MS_TO_RECOVER = 90_000

for (const engine of ENGINES) {
  const seed = freshSeed()
  test(`webhooks survive kill -9, on the ${engine} database (seed ${seed})`, async (t) => {
    const random = seededRandom(seed)
    const receiver = await openReceiver()
    const store = await openChildStore(engine, (context) =>
      addEndpoint(context, { workProvider: 'Courier Ltd', url: receiver.url }),
    )
    const environment = { ...store.environment, WEBHOOK_NETWORKS: '127.0.0.1' }
    try {
      // What it refuses, it takes when it comes again.
      const seen = new Set<string>()
      receiver.answers(({ headers }) => {
        const id = String(headers['webhook-id'])
        const isFirst = !seen.has(id)
        seen.add(id)
        return { status: isFirst && random.chance(0.2) ? 503 : 204 }
      })
      const accepted = new Set<string>()
      for (let round = 0; round < ROUNDS; round++) {
        await withServer(environment, async (server) => {
          const begun = plus(instantOfEpochMilliseconds(Date.now()), -1_000 * MICROSECONDS_PER_MINUTE)
          for (let index = 0; index < REPORTS_A_ROUND; index++) {
            const minute = round * REPORTS_A_ROUND + index
            const timestamp = formatInstant(plus(begun, minute * MICROSECONDS_PER_MINUTE))
            const body = JSON.stringify({ workProviderUserId: `u${index % BOUND_USER_IDS}`, timestamp })
            const kind = Math.floor(index / BOUND_USER_IDS) % 2 === 0 ? 'login' : 'logout'
            const headers = { Authorization: store.key }
            const { status } = await fetch(`${server.url}/v1/shift/${kind}`, { method: 'POST', headers, body })
            assert.equal(status, 202)
            if (kind === 'login') accepted.add(timestamp)
          }
          await delay(random.below(MAX_WAIT_BEFORE_KILL_MS))
          alive(server)
          await server.kill()
        })
      }
      receiver.answers(() => ({ status: 204 }))
      const server = await startServer(environment)
      const brought = (): Set<string> => new Set(receiver.received.map((one) => String(one.headers['webhook-id'])))
      let entries: WireEntry[] = []
      await waitFor(
        'everything to be told and brought',
        async () => {
          entries = (await readFeed({ url: server.url, key: store.key })).feed.entries
          const opened = new Set(entries.filter((one) => one.type === 'shift.opened').map(startOf))
          const ids = brought()
          return [...accepted].every((start) => opened.has(start)) && entries.every(({ id }) => ids.has(id))
        },
        MAX_MS_TO_RECOVER,
      )
      assert.deepEqual(
        entries.map(({ number }) => number),
        entries.map((_, index) => index + 1),
      )
      const opened = entries.filter((one) => one.type === 'shift.opened').map(startOf)
      assert.equal(new Set(opened).size, opened.length, 'each shift is opened once')
      t.diagnostic(`${entries.length} entries, brought in ${receiver.received.length} tries`)
      await stopWell(server)
    } finally {
      receiver.close()
      await store.remove()
    }
  })
}

function startOf({ data }: WireEntry): string {
  return (data['shift'] as { startedAt: string }).startedAt
}
