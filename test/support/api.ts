import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { createKey } from '../../src/app/api-keys.ts'
import type { Context } from '../../src/app/context.ts'
import { type Limits, STANDARD_LIMITS } from '../../src/domain/limits.ts'
import { projectReports } from '../../src/app/project.ts'
import { settle } from '../../src/app/settle.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { buildApi } from '../../src/http/api.ts'
import { createHttpServer, type Patience } from '../../src/http/server.ts'
import { startServices } from '../../src/http/services.ts'
import { ping } from '../../src/storage/database.ts'
import { type Engine, openStore, type Store } from './stores.ts'

/** An answer as it came over the wire: nothing of it is interpreted but where it ends. */
export type RawAnswer = {
  readonly statusLine: string
  readonly status: number
  /** Names in lower case, in the order in which they came. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export type Api = {
  readonly store: Store
  readonly context: Context
  readonly port: number
  /** A live key of the work provider "Courier Ltd". */
  readonly key: string
  readonly workProviderId: string
  /** Sends bytes as they are and reads one answer. */
  send(bytes: string | Buffer): Promise<RawAnswer>
  /** A request in the usual form. `key` null: without Authorization. Further header lines as they are to be sent. */
  request(
    method: string,
    target: string,
    options?: { key?: string | null; body?: string | Buffer; headers?: readonly string[] },
  ): Promise<RawAnswer>
  /** Derives everything accepted so far. */
  settle(): Promise<void>
  /** Stores what is gathered of refusals. */
  close(): Promise<void>
}

/** The real API on a store of its own, listening on a port of its own. Nothing projects until `settle`. */
export async function openApi(
  engine: Engine = 'embedded',
  limits: Partial<Limits> = {},
  patience?: Patience,
): Promise<Api> {
  const store = await openStore(engine)
  const context = { ...store.context, limits: { ...STANDARD_LIMITS, ...limits } }
  const { id: workProviderId } = await createWorkProvider(context, 'Courier Ltd')
  const { key } = await createKey(context, 'Courier Ltd')
  const { services, stop } = startServices(context, {
    onStored: () => {},
    isPrepared: () => true,
    assertReady: () => ping(context.db),
  })
  const server = createHttpServer(buildApi(services), services, patience)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  const send: Api['send'] = (bytes) => exchange(port, bytes)
  return {
    store,
    context,
    port,
    key,
    workProviderId,
    send,
    request(method, target, options = {}) {
      const { body, headers = [] } = options
      const authorization = options.key === null ? [] : [`Authorization: ${options.key ?? key}`]
      const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]
      const lines = [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...authorization, ...length, ...headers, '', '']
      return send(Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body ?? '')]))
    },
    async settle() {
      while ((await projectReports(context.db)) > 0) continue
      await settle(context)
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      await stop()
      await store.close()
    },
  }
}

/** Writes bytes on a connection of its own and reads until one answer is whole. */
export function exchange(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    socket.on('data', (data: Buffer) => {
      received = Buffer.concat([received, data])
      const answer = wholeAnswer(received, bytes.toString().startsWith('HEAD '))
      if (answer === null) return
      resolve(answer)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the connection closed after: ${received.toString('latin1')}`)))
    socket.write(bytes)
  })
}

/** The answer that bytes begin with; null while it is not whole. */
export function wholeAnswer(received: Buffer, isHead: boolean): RawAnswer | null {
  const end = received.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [statusLine = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => [
      line.slice(0, line.indexOf(':')).toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]),
  )
  const status = Number(statusLine.split(' ')[1])
  const length = isHead || status === 204 ? 0 : Number(headers.get('content-length') ?? 0)
  const body = received.subarray(end + 4)
  if (body.length < length) return null
  return { statusLine, status, headers, body: body.subarray(0, length).toString('utf8') }
}
