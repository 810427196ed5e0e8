import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { start } from '../processes.ts'
import type { Server } from '../store.ts'
import {
  BARE,
  type Bench,
  beside,
  inTurns,
  ITEMS_A_BATCH,
  LEAST_CONTRACT,
  load,
  milliseconds,
  perSecond,
  ratioOf,
  type Row,
  serveAccepting,
  startBaseline,
  traffic,
} from '../bench.ts'
import { latencyAtHalf } from './latency.ts'

const EXPRESS = 'bench/baselines/express-pg.ts'
const LEAST = 'bench/baselines/least-server.ts'
const LEAST_START = 'bench/baselines/least-start.ts'
const LEAST_STATUS = 'bench/baselines/least-status.ts'

/** How many single reports a second are accepted; and how long one takes at half of that. */
export async function singleReports(bench: Bench): Promise<Row[]> {
  const { engine } = bench.store
  const ceiling = (starting: () => Promise<Server>) => () =>
    beside(starting(), async ({ port }) => (await load(bench, [port], traffic(bench, 'report'))).perSecond)
  const [bare, express, least, contract, ours] = (await inTurns(bench, [
    ceiling(() => startBaseline(bench, BARE)),
    ceiling(() => startBaseline(bench, EXPRESS)),
    ceiling(() => startBaseline(bench, LEAST)),
    ceiling(() => startBaseline(bench, LEAST_CONTRACT)),
    ceiling(() => serveAccepting(bench)),
  ])) as [number, number, number, number, number]
  return [
    {
      what: 'single reports accepted',
      engine,
      measured: perSecond(ours),
      baseline: `bare HTTP ${perSecond(bare)}`,
      ratio: ratioOf(ours, bare),
      target: '0.55',
      isMet: ours >= 0.55 * bare,
    },
    {
      what: 'single reports accepted',
      engine,
      measured: perSecond(ours),
      baseline: `Express ${perSecond(express)}`,
      ratio: ratioOf(ours, express),
      target: '5',
      isMet: ours >= 5 * express,
    },
    limit('single reports stored, each checked for nothing', engine, least, `bare HTTP ${perSecond(bare)}`, bare),
    limit(
      'the same, each checked and answered as the contract asks',
      engine,
      contract,
      `bare HTTP ${perSecond(bare)}`,
      bare,
    ),
    ...(await latencyAtHalf(bench, ours)),
  ]
}

/** A line that tells how far a target could be reached at all. */
export function limit(what: string, engine: string, measured: number, baseline: string, of: number): Row {
  return {
    what: `limit: ${what}`,
    engine,
    measured: perSecond(measured),
    baseline,
    ratio: ratioOf(measured, of),
    target: 'the limit',
    isMet: null,
  }
}

/** How many events a second are accepted in batches, and how many rows the engine stores by one statement after another. */
export async function batches(bench: Bench): Promise<Row[]> {
  const { store } = bench
  const [limit, ours] = (await inTurns(bench, [
    () => storageLimit(bench),
    () =>
      beside(serveAccepting(bench), async ({ port }) => {
        const { perSecond } = await load(bench, [port], traffic(bench, 'batch'))
        return perSecond * ITEMS_A_BATCH
      }),
  ])) as [number, number]
  return [
    {
      what: `events accepted in batches of ${ITEMS_A_BATCH}`,
      engine: store.engine,
      measured: perSecond(ours),
      baseline: `insert ... unnest ${perSecond(limit)}`,
      ratio: ratioOf(ours, limit),
      target: '0.70',
      isMet: ours >= 0.7 * limit,
    },
  ]
}

/** Rows a second by one `insert ... unnest` after another, on the same engine. */
export function storageLimit(bench: Bench): Promise<number> {
  return rowsPerSecond(bench, 'bench/baselines/insert-unnest.ts')
}

/** Rows a second that a baseline stores by itself. */
export function rowsPerSecond({ store, isQuick }: Bench, script: string, settings = {}): Promise<number> {
  const environment = { ...store.environment, ...settings, MEASURE_SECONDS: isQuick ? '1' : '4' }
  return beside(start(script, [], environment, /Rows a second: (\d+)\./), async ({ said }) => Number(said))
}

/** How many statuses a second are answered, of customers who are all linked. */
export async function statuses(bench: Bench): Promise<Row[]> {
  const asked = traffic(bench, 'status', { couriers: bench.customers })
  const ask = async ({ port }: { port: number }): Promise<number> => (await load(bench, [port], asked)).perSecond
  const [bare, least, decided, ours] = (await inTurns(bench, [
    () => beside(startBaseline(bench, BARE), ask),
    () => beside(startBaseline(bench, LEAST), ask),
    () => beside(startBaseline(bench, LEAST_STATUS), ask),
    () => beside(serveAccepting(bench), ask),
  ])) as [number, number, number, number]
  return [
    {
      what: `user/status, ${bench.customers.toLocaleString('en-GB')} customers`,
      engine: bench.store.engine,
      measured: perSecond(ours),
      baseline: `bare HTTP ${perSecond(bare)}`,
      ratio: ratioOf(ours, bare),
      target: '0.60',
      isMet: ours >= 0.6 * bare,
    },
    limit('whether one is linked, and no more', bench.store.engine, least, `bare HTTP ${perSecond(bare)}`, bare),
    limit(
      'link, consent and policy, answered as the contract asks',
      bench.store.engine,
      decided,
      `bare HTTP ${perSecond(bare)}`,
      bare,
    ),
  ]
}

/** How long the program takes until it has answered a first request, on a data directory that is there. */
export async function starting(bench: Bench): Promise<Row[]> {
  const timed = (begin: () => Promise<Server>) => async () => {
    const begun = performance.now()
    const running = await begin()
    await assertReady(running.port)
    const took = performance.now() - begun
    await running.stop()
    return took
  }
  // What is compiled is kept for all of them, as `bin/zego.js` has it.
  const kept = { NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compile/', import.meta.url)) }
  const [bare, least, ours] = (await inTurns(bench, [
    timed(() => startBaseline(bench, BARE, kept)),
    timed(() => startBaseline(bench, LEAST_START, kept)),
    timed(() => bench.store.serve()),
  ])) as [number, number, number]
  return [
    {
      what: 'start on an existing store',
      engine: bench.store.engine,
      measured: milliseconds(ours),
      baseline: `bare HTTP ${milliseconds(bare)}`,
      ratio: ratioOf(ours, bare),
      target: '< 1,000 ms',
      isMet: ours < 1_000,
    },
    {
      what: 'limit: a bare server whose database has answered',
      engine: bench.store.engine,
      measured: milliseconds(least),
      baseline: `bare HTTP ${milliseconds(bare)}`,
      ratio: ratioOf(least, bare),
      target: 'the limit',
      isMet: null,
    },
  ]
}

/** A bare server answers every path. */
async function assertReady(port: number): Promise<void> {
  const [response] = (await once(get({ port, path: '/readyz', agent: false }), 'response')) as [IncomingMessage]
  response.resume()
  if (response.statusCode !== 200) throw new Error(`the server started, and answers ${response.statusCode}`)
}
