import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { type Caller, createKey } from '../../src/app/api-keys.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { buildApi } from '../../src/http/api.ts'
import type { Services } from '../../src/http/exchange.ts'
import { createHttpServer } from '../../src/http/server.ts'
import { startServices } from '../../src/http/services.ts'
import { ping } from '../../src/storage/database.ts'
import { waitFor } from '../faults/harness.ts'
import { exchange } from '../support/api.ts'
import { openStore, type Store } from '../support/stores.ts'
import { assertAccepted, report } from './answers.ts'

const BODY = report({ workProviderUserId: '1686' })

describe('a caller who leaves', () => {
  let store: Store
  let key: string
  let services: Services
  let stop: () => Promise<void>
  /** What the lookup of a key waits for, and whether one has begun. */
  let lookup = Promise.resolve()
  let isLookingUp = false
  let server: Server
  before(async () => {
    store = await openStore('embedded')
    await createWorkProvider(store.context, 'Courier Ltd')
    key = (await createKey(store.context, 'Courier Ltd')).key
    const started = startServices(store.context, {
      onStored: () => {},
      isPrepared: () => true,
      assertReady: () => ping(store.context.db),
    })
    stop = started.stop
    const find = async (asked: string): Promise<Caller | null> => {
      isLookingUp = true
      await lookup
      return started.services.keyRing.find(asked)
    }
    services = { ...started.services, keyRing: { recall: () => null, find } }
    server = createHttpServer(buildApi(services), services)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await stop()
    await store.close()
  })

  const login = (): string =>
    `POST /v1/shift/login HTTP/1.1\r\nHost: a\r\nAuthorization: ${key}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`

  async function send(bytes: string): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(bytes)
    return socket
  }
  const assertOthersServed = async (): Promise<void> =>
    assertAccepted(await exchange((server.address() as AddressInfo).port, login()))
  const gone = (): Promise<unknown> =>
    waitFor('the server seeing it', async () => (await promisify(server.getConnections.bind(server))()) === 0)

  for (const [what, lines] of [
    ['', ''],
    [' with a body that is not whole', 'Content-Length: 10\r\n'],
  ] as const) {
    it(`by a reset after CONNECT${what}: the others are served`, async () => {
      const uncaught: Error[] = []
      const note = (error: Error): void => void uncaught.push(error)
      process.on('uncaughtExceptionMonitor', note)
      const socket = await send(`CONNECT localhost:80 HTTP/1.1\r\nHost: a\r\n${lines}\r\n`)
      await once(socket, 'data')
      socket.resetAndDestroy()
      await gone()
      await assertOthersServed()
      process.off('uncaughtExceptionMonitor', note)
      // Outside of a test it would have ended the process.
      assert.deepEqual(uncaught, [])
    })
  }

  it('while the key is looked up: is not under way for ever', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    lookup = promise
    isLookingUp = false
    const socket = await send(login())
    await waitFor('the lookup', () => isLookingUp)
    assert.equal(services.underWay.count, 1)
    socket.resetAndDestroy()
    await gone()
    resolve()
    await waitFor('the end of what was under way', () => services.underWay.count === 0)
    await assertOthersServed()
  })
})
