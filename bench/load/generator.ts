import { connect, type Socket } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import type { FromGenerator, Job, Measured, ToGenerator } from './job.ts'
import { type NextRequest, requestsOf } from './requests.ts'

/*
 * The load generator: a process of its own, so that it can have a core of its own. It does as little as can be done for
 * a request (bytes out, status and length in), because a generator that is slower than what it measures measures itself.
 * At a fixed rate latency counts from when a request was due: a server that stalls is charged for all who wait.
 */
const TICK_MS = 1

class Connection {
  readonly #socket: Socket
  readonly #onAnswer: (connection: Connection, status: string) => void
  #pending = ''
  startedAt = 0

  constructor(port: number, onAnswer: (connection: Connection, status: string) => void, onBroken: (e: Error) => void) {
    this.#onAnswer = onAnswer
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#take(text))
    this.#socket.on('error', onBroken)
    this.#socket.on('close', () => onBroken(new Error('a connection was closed')))
  }

  send(bytes: Buffer, startedAt: number): void {
    this.startedAt = startedAt
    this.#socket.write(bytes)
  }

  close(): void {
    this.#socket.removeAllListeners('close')
    this.#socket.destroy()
  }

  #take(text: string): void {
    const all = this.#pending === '' ? text : this.#pending + text
    const head = all.indexOf('\r\n\r\n')
    const length = head === -1 ? null : /\r\ncontent-length: (\d+)/i.exec(all)?.[1]
    if (length === null || length === undefined || all.length < head + 4 + Number(length)) {
      this.#pending = all
      return
    }
    this.#pending = ''
    this.#onAnswer(this, all.slice(9, 12))
  }
}

let isPaused = false

function run(job: Job, next: NextRequest): Promise<Measured> {
  const wanted = job.traffic.kind === 'status' ? '200' : '202'
  const histogram = createHistogram()
  const refused: Record<string, number> = {}
  const idle: Connection[] = []
  const begun = performance.now()
  const from = begun + job.warmUpMs
  const until = from + job.measureMs
  let requests = 0
  let sent = 0
  return new Promise((resolve, reject) => {
    const send = (connection: Connection, startedAt: number): void => {
      sent++
      connection.send(next(), startedAt)
    }
    const connections = Array.from(
      { length: job.connections },
      (_, index) =>
        new Connection(
          job.ports[index % job.ports.length]!,
          (connection, status) => {
            const now = performance.now()
            if (now >= from && now < until) {
              if (status === wanted) requests++
              else refused[status] = (refused[status] ?? 0) + 1
              histogram.record(Math.max(1, Math.round((now - connection.startedAt) * 1000)))
            }
            if (job.rate === null && !isPaused && now < until) send(connection, now)
            else idle.push(connection)
          },
          reject,
        ),
    )
    idle.push(...connections)
    let due = 0
    const ticking = setInterval(() => {
      const now = performance.now()
      if (now < until) {
        if (job.rate === null) {
          while (!isPaused && idle.length > 0) send(idle.pop()!, now)
        } else {
          for (
            let at = begun + (due / job.rate) * 1000;
            at <= now && idle.length > 0;
            at = begun + (due / job.rate) * 1000
          ) {
            send(idle.shift()!, at)
            due++
          }
        }
      } else if (idle.length === connections.length) {
        clearInterval(ticking)
        for (const connection of connections) connection.close()
        const seconds = job.measureMs / 1000
        const milliseconds = (percentile: number): number =>
          histogram.count === 0 ? 0 : histogram.percentile(percentile) / 1000
        resolve({
          seconds,
          requests,
          perSecond: requests / seconds,
          p50: milliseconds(50),
          p99: milliseconds(99),
          max: histogram.count === 0 ? 0 : histogram.max / 1000,
          refused,
          sent,
        })
      }
    }, TICK_MS)
  })
}

const started = Date.now()
/** The turns go on from job to job: no report is sent twice. */
const requestsByTraffic = new Map<string, NextRequest>()

process.on('message', (message: ToGenerator) => {
  if (message.kind === 'pause') isPaused = true
  else if (message.kind === 'resume') isPaused = false
  else if (message.kind === 'end') process.disconnect?.()
  else {
    isPaused = false
    const { traffic } = message.job
    const name = JSON.stringify(traffic)
    const next = requestsByTraffic.get(name) ?? requestsOf(traffic, started)
    requestsByTraffic.set(name, next)
    run(message.job, next).then(
      (measured) => answer({ kind: 'measured', measured }),
      (error: unknown) => answer({ kind: 'failed', reason: String(error) }),
    )
  }
})

function answer(message: FromGenerator): void {
  process.send!(message)
}
