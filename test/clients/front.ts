import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/*
 * What may stand between a client and the server, at its worst. A base URL of the front names what it does to one request
 * after the other, and a name that no other has: with `/503,drop-after/a name` the first is answered by a 503, the second
 * reaches the server and its answer is lost, and all that follow pass. The last one may have a star: for ever.
 */

/**
 * `drop-before`, `drop-after`: the connection breaks before the request is passed on, or after the answer came.
 * `drop-midway`: in the middle of the answer. `hang`: the request is passed on and never answered. `drip`: an answer
 * that never ends. `without-key`: the key is lost. `stranger`: somebody else says 202. `redirect`: leads elsewhere.
 */
export type Mishap =
  | 'pass'
  | '429'
  | '502'
  | '503'
  | 'drop-before'
  | 'drop-after'
  | 'drop-midway'
  | 'hang'
  | 'drip'
  | 'without-key'
  | 'stranger'
  | 'redirect'

export type Front = {
  readonly url: string
  /** How many requests came to a base URL. */
  seen(base: string): number
  /** Resolves when the next request has come to a base URL. */
  next(base: string): Promise<void>
  close(): Promise<void>
}

/** What a test that is no part of this process asks for, by `GET /control/<name>?of=<text>`; answered as JSON. */
export type Controls = Readonly<Record<string, (of: string) => unknown>>

type Received = { readonly method: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
type Passed = { readonly status: number; readonly headers: string[]; readonly body: Buffer }

const DRIP_MS = 10

export async function openFront(server: string, controls: Controls = {}): Promise<Front> {
  const counts = new Map<string, number>()
  const waiting = new Map<string, () => void>()
  const seen = (base: string): number => counts.get(pathOf(base)) ?? 0
  const all: Controls = { ...controls, seen }

  const front = createServer((incoming, outgoing) => {
    // A client that gave up is part of the play.
    outgoing.on('error', () => {})
    void answer(incoming, outgoing)
  })

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, search, searchParams } = new URL(incoming.url!, 'http://front')
    const [, first = '', second = '', ...rest] = pathname.split('/')
    if (first === 'control') {
      const told = await all[second]!(searchParams.get('of') ?? '')
      return void outgoing.end(JSON.stringify(told ?? null))
    }
    const received = { method: incoming.method!, headers: incoming.headers, body: await buffer(incoming) }
    const base = `/${first}/${second}`
    const count = (counts.get(base) ?? 0) + 1
    counts.set(base, count)
    await befall(mishapOf(first, count), `${server}/${rest.join('/')}${search}`, received, outgoing)
    waiting.get(base)?.()
  }

  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`,
    seen,
    next: (base) => new Promise((resolve) => waiting.set(pathOf(base), resolve)),
    async close() {
      front.close()
      front.closeAllConnections()
      await once(front, 'close')
    },
  }
}

function pathOf(base: string): string {
  return base.startsWith('/') ? base : new URL(base).pathname
}

function mishapOf(plan: string, count: number): Mishap {
  const steps = decodeURIComponent(plan).split(',')
  const step = steps[count - 1] ?? steps.find((one) => one.endsWith('*')) ?? 'pass'
  return step.replace('*', '') as Mishap
}

async function befall(mishap: Mishap, url: string, received: Received, outgoing: ServerResponse): Promise<void> {
  const { socket } = outgoing
  switch (mishap) {
    case 'pass':
      return reply(outgoing, await pass(url, received))
    case 'without-key': {
      const { authorization: _, ...headers } = received.headers
      return reply(outgoing, await pass(url, { ...received, headers }))
    }
    case '503':
      return refuse(outgoing, 503, 'UNAVAILABLE')
    case '429':
      return refuse(outgoing, 429, 'RATE_LIMITED')
    case '502':
      return void outgoing.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad Gateway</h1>')
    case 'stranger':
      return void outgoing.writeHead(202, { 'Content-Type': 'text/html' }).end('<h1>Log in to the network</h1>')
    case 'redirect':
      return void outgoing.writeHead(307, { Location: '/pass/elsewhere/v1/shift/login' }).end()
    case 'drop-before':
      return void socket?.destroy()
    case 'drop-after':
      await pass(url, received)
      return void socket?.destroy()
    case 'drop-midway': {
      const { status, headers, body } = await pass(url, received)
      outgoing.writeHead(status, headers).write(body.subarray(0, body.length / 2), () => socket?.destroy())
      return
    }
    case 'hang':
      return void (await pass(url, received))
    case 'drip': {
      socket?.write('HTTP/1.1 202 Accepted\r\nRequest-Id: ')
      const dripping = setInterval(() => socket?.write('a'), DRIP_MS)
      socket?.on('close', () => clearInterval(dripping))
    }
  }
}

/** As the server refuses, with what it says beside the body. */
function refuse(outgoing: ServerResponse, status: number, error: string): void {
  const id = '019a4c2e-7d10-7c3f-9b52-4a0f6f1d2e3c'
  outgoing.writeHead(status, {
    'Content-Type': 'application/json',
    'Request-Id': id,
    'Zego-Error-Detail': 'the front says so',
    'Retry-After': '1',
  })
  outgoing.end(JSON.stringify({ error }))
}

function reply(outgoing: ServerResponse, { status, headers, body }: Passed): void {
  outgoing.writeHead(status, headers).end(body)
}

async function pass(url: string, { method, headers, body }: Received): Promise<Passed> {
  const sent = request(url, { agent: false, method, headers: { ...headers, connection: 'close' } })
  sent.end(body)
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return { status: answer.statusCode!, headers: headersToPass(answer), body: await buffer(answer) }
}

/** But those of the connection to the server, which is not the one to the client. */
function headersToPass({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, index) => !/^(connection|keep-alive)$/i.test(rawHeaders[index - (index % 2)]!))
}
