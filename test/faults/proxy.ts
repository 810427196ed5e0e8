import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/*
 * Carries bytes from a port of this machine, or a socket in a directory, to a server: with it the server comes and goes
 * at will, is slow, says nothing any more, or is cut off in the middle of an answer.
 */

export type Place = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * `slow`: answers come so much later. `silent`: everything is taken and nothing passed on, as behind a firewall that
 * forgot; the connections there are, and those made meanwhile, stay so for good.
 */
export type Weather = { readonly kind: 'clear' | 'silent' } | { readonly kind: 'slow'; readonly ms: number }

/** Of a piece of an answer: how much passes before both ends are closed, or null: all, and it goes on. */
export type Judge = (answer: Buffer) => number | null

export type Proxy = {
  /** 0 where it listens on a path. */
  readonly port: number
  setWeather(weather: Weather): void
  setJudge(judge: Judge | null): void
  /** How many connections were made so far. */
  made(): number
  /** How many connections it holds that are silent for good. */
  silent(): number
  close(): Promise<void>
}

type Passage = { readonly from: Socket; readonly to: Socket; isSilent: boolean; delayed: Promise<unknown> }

/** `at`: the port to listen on (0: any), or the path. */
export async function openProxy(at: number | string, target: Place): Promise<Proxy> {
  const passages = new Set<Passage>()
  let weather: Weather = { kind: 'clear' }
  let judge: Judge | null = null
  let made = 0

  function cut(passage: Passage): void {
    passage.isSilent = true
    passage.from.destroySoon()
    passage.to.destroy()
  }

  function answer(passage: Passage, bytes: Buffer): void {
    if (passage.isSilent) return
    const passing = judge?.(bytes) ?? null
    passage.from.write(passing === null ? bytes : bytes.subarray(0, passing))
    if (passing !== null) cut(passage)
  }

  const server = createServer((from) => {
    made += 1
    const passage = { from, to: connect(target), isSilent: weather.kind === 'silent', delayed: Promise.resolve() }
    passages.add(passage)
    carry(
      passage,
      () => passages.delete(passage),
      (bytes) => {
        if (weather.kind !== 'slow') void passage.delayed.then(() => answer(passage, bytes))
        else
          passage.delayed = Promise.all([passage.delayed, delay(weather.ms, null, { ref: false })]).then(() =>
            answer(passage, bytes),
          )
      },
    )
  })
  await listen(server, at)
  return {
    port: typeof at === 'string' ? 0 : (server.address() as AddressInfo).port,
    setWeather(next) {
      weather = next
      if (next.kind === 'silent') for (const passage of passages) passage.isSilent = true
    },
    setJudge: (next) => void (judge = next),
    made: () => made,
    silent: () => [...passages].filter((passage) => passage.isSilent).length,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const { from, to } of passages) for (const socket of [from, to]) socket.destroy()
      await closed
    },
  }
}

function carry(passage: Passage, onClose: () => void, onAnswer: (bytes: Buffer) => void): void {
  const { from, to } = passage
  for (const socket of [from, to]) socket.on('error', () => {})
  from.on('data', (bytes: Buffer) => {
    if (!passage.isSilent) to.write(bytes)
  })
  to.on('data', onAnswer)
  from.on('close', () => {
    to.destroy()
    onClose()
  })
  to.on('close', () => {
    if (!passage.isSilent) void passage.delayed.then(() => from.destroy())
  })
}

async function listen(server: Server, at: number | string): Promise<void> {
  if (typeof at === 'string') server.listen(at)
  else server.listen(at, '127.0.0.1')
  await once(server, 'listening')
}

/** The place of a database URL, and the URL that leads to it through a proxy's port. */
export function placeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: port === '' ? 5432 : Number(port) }
}

export function throughPort(url: string, port: number): string {
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(port)
  return through.href
}
