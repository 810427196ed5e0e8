import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../../src/app/context.ts'
import {
  BARE,
  type Bench,
  beside,
  COURIERS,
  LEAST_WHOLE,
  load,
  milliseconds,
  percentile,
  perSecond,
  ratioOf,
  type Row,
  startBaseline,
  traffic,
} from '../bench.ts'
import type { Measured, Traffic } from '../load/job.ts'
import { residentBytes } from '../machine.ts'
import { probe } from '../probe.ts'
import { emptyInbox, fillInbox, inboxRows } from '../statements.ts'
import type { Server } from '../store.ts'
import { limit, rowsPerSecond, storageLimit } from './ceilings.ts'

const LEAST = 'bench/baselines/least-deriving.ts'

/** The load stops for a moment when more than this waits to be derived, and goes on below half of it. */
const MOST_WAITING = 20_000
const WATCH_MS = 50
const WARM_UP_MS = 3_000
const USUAL_RATE = 2_000
/** Enough that the slowest hundredth is not a few of them. */
export const PROBES = 500
const MEBIBYTE = 1024 ** 2

/** Events accepted and derived a second, and the most memory that a process held meanwhile. */
export type Sustained = { readonly perSecond: number; readonly mebibytes: number; readonly mostWaiting: number }

export type SustainOptions = {
  readonly traffic?: Partial<Traffic>
  /** A baseline has an inbox of its own. */
  readonly inbox?: string
  readonly warmUpMs?: number
}

/** Batches as fast as they are derived: the inbox does not grow. */
export async function sustain(
  bench: Bench,
  ports: readonly number[],
  pids: readonly number[],
  { traffic: some = {}, inbox, warmUpMs = WARM_UP_MS }: SustainOptions = {},
): Promise<Sustained> {
  const { context, close } = await bench.store.connect()
  const sent = traffic(bench, 'batch', some)
  const measureMs = bench.isQuick ? 4_000 : 20_000
  const begun = performance.now()
  const running = load(bench, ports, sent, { measureMs, warmUpMs })
  let isOver = false
  let waitingFirst: number | null = null
  let mostWaiting = 0
  let mostBytes = 0
  void running.finally(() => (isOver = true)).catch(() => {})
  for (let isPaused = false; !isOver; await delay(WATCH_MS)) {
    const waiting = await inboxRows(context, inbox)
    if (performance.now() - begun >= warmUpMs) waitingFirst ??= waiting
    mostWaiting = Math.max(mostWaiting, waiting)
    mostBytes = Math.max(mostBytes, ...pids.map((pid) => residentBytes(pid) ?? 0))
    if (!isPaused && waiting > MOST_WAITING) bench.generator.pause()
    if (isPaused && waiting < MOST_WAITING / 2) bench.generator.resume()
    isPaused = waiting > MOST_WAITING || (isPaused && waiting >= MOST_WAITING / 2)
  }
  const accepted = (await running).perSecond * sent.items
  const waitingLast = await inboxRows(context, inbox)
  await untilDerived(context, inbox)
  await close()
  // What the warm-up left waiting was derived in the time, and what waits at its end was not.
  const derived = accepted + ((waitingFirst! - waitingLast) / measureMs) * 1_000
  return { perSecond: derived, mebibytes: mostBytes / MEBIBYTE, mostWaiting }
}

export async function untilDerived(context: Context, inbox?: string): Promise<void> {
  while ((await inboxRows(context, inbox)) > 0) await delay(WATCH_MS)
}

export async function sustainedAndMemory(bench: Bench): Promise<Row[]> {
  const { store } = bench
  const storage = await storageLimit(bench)
  const least = await rowsPerSecond(bench, LEAST)
  const reading = await rowsPerSecond(bench, LEAST, { MEASURE_READS: '1' })
  const {
    perSecond: rate,
    mebibytes,
    mostWaiting,
  } = await beside(store.serve(), ({ port, pid }) => sustain(bench, [port], [pid]))
  const whole = await beside(startBaseline(bench, LEAST_WHOLE), ({ port, pid }) =>
    sustain(bench, [port], [pid], { inbox: 'least_inbox' }),
  )
  const bareMebibytes = await beside(startBaseline(bench, BARE), async ({ port, pid }) => {
    await load(bench, [port], traffic(bench, 'batch'))
    return (residentBytes(pid) ?? 0) / MEBIBYTE
  })
  const most = store.engine === 'server' ? 300 : 600
  return [
    {
      what: `accepted and derived, sustained (never more than ${mostWaiting.toLocaleString('en-GB')} waiting)`,
      engine: store.engine,
      measured: perSecond(rate),
      baseline: `insert ... unnest ${perSecond(storage)}`,
      ratio: ratioOf(rate, storage),
      target: '0.25',
      isMet: rate >= 0.25 * storage,
    },
    limit(
      'what deriving has to write, and nothing read or decided',
      store.engine,
      least,
      `insert ... unnest ${perSecond(storage)}`,
      storage,
    ),
    limit(
      'the same, and what has to be locked and read for it',
      store.engine,
      reading,
      `insert ... unnest ${perSecond(storage)}`,
      storage,
    ),
    limit(
      'the same beside HTTP, each report checked and answered as the contract asks',
      store.engine,
      whole.perSecond,
      `insert ... unnest ${perSecond(storage)}`,
      storage,
    ),
    {
      what: 'memory under that load',
      engine: store.engine,
      measured: `${Math.round(mebibytes)} MiB`,
      baseline: `bare HTTP ${Math.round(bareMebibytes)} MiB`,
      ratio: ratioOf(mebibytes, bareMebibytes),
      target: `< ${most} MiB`,
      isMet: mebibytes < most,
    },
  ]
}

type Other = { readonly key: string; readonly workProviderId: string }

/** From 202 to a visible shift: usually, and while a million reports of another work provider wait. */
export async function visibility(bench: Bench, other: Other): Promise<Row[]> {
  const { store, isQuick } = bench
  const count = isQuick ? 40 : PROBES
  const probed = async (server: Server, firstCourier: number): Promise<{ times: number[]; measured: Measured }> => {
    const { context, close } = await store.connect()
    const steady = { rate: USUAL_RATE, measureMs: isQuick ? 5_000 : 36_000 }
    const running = load(bench, [server.port], traffic(bench, 'report'), steady)
    const times = await probe({ context, port: server.port, ...other }, firstCourier, count)
    const measured = await running
    await close()
    return { times, measured }
  }
  return beside(store.serve(), async (server) => {
    const usual = await probed(server, COURIERS)
    const { context, close } = await store.connect()
    await untilDerived(context)
    const backlog = isQuick ? 50_000 : 1_000_000
    await fillInbox(context, store.workProviderId, COURIERS, backlog)
    const behind = await probed(server, COURIERS + count)
    const left = await inboxRows(context)
    await emptyInbox(context)
    await close()
    const [p99, p99Behind] = [percentile(usual.times, 0.99), percentile(behind.times, 0.99)]
    return [
      {
        what: `from 202 to visible shift at ${perSecond(USUAL_RATE)}`,
        engine: store.engine,
        measured: `p50 ${milliseconds(percentile(usual.times, 0.5))}, p99 ${milliseconds(p99)}`,
        baseline: `accepting one, p99 ${milliseconds(usual.measured.p99)}`,
        ratio: ratioOf(p99, usual.measured.p99),
        target: 'p99 < 250 ms',
        isMet: p99 < 250,
      },
      {
        what: `the same behind ${backlog.toLocaleString('en-GB')} of another work provider (${left.toLocaleString('en-GB')} left)`,
        engine: store.engine,
        measured: `p50 ${milliseconds(percentile(behind.times, 0.5))}, p99 ${milliseconds(p99Behind)}`,
        baseline: `usually p99 ${milliseconds(p99)}`,
        ratio: ratioOf(p99Behind, p99),
        target: '< 2',
        isMet: left === 0 ? null : p99Behind < 2 * p99,
      },
    ]
  })
}

/** One accepter and one projector against two of each, on one server; on all cores, unlike the rest. */
export async function severalProcesses(bench: Bench): Promise<Row[]> {
  const { store } = bench
  const withProcesses = async (count: number): Promise<Sustained> => {
    const servers: Server[] = []
    for (const role of ['accept', 'project'] as const) {
      for (let index = 0; index < count; index++) servers.push(await store.serve(role, false))
    }
    const ports = servers.map((server) => server.port).filter((port) => !Number.isNaN(port))
    const sustained = await sustain(
      bench,
      ports,
      servers.map((server) => server.pid),
    )
    for (const server of servers) await server.stop()
    return sustained
  }
  const one = await withProcesses(1)
  const two = await withProcesses(2)
  return [
    {
      what: 'accepted and derived by two accepters and two projectors',
      engine: store.engine,
      measured: perSecond(two.perSecond),
      baseline: `one of each ${perSecond(one.perSecond)}`,
      ratio: ratioOf(two.perSecond, one.perSecond),
      target: 'no target',
      isMet: null,
    },
  ]
}
