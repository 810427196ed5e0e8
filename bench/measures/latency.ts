import { setTimeout as delay } from 'node:timers/promises'
import type { Measured } from '../load/job.ts'
import { forgetWaiting, warm } from '../before.ts'
import {
  BARE,
  type Bench,
  beside,
  LEAST_CONTRACT,
  LEAST_WHOLE,
  load,
  median,
  milliseconds,
  perSecond,
  ratioOf,
  rounds,
  type Row,
  serveAccepting,
  startBaseline,
  traffic,
} from '../bench.ts'
import { upkeep } from '../statements.ts'

const LEAST_DURABLE = 'bench/baselines/least-durable.ts'
/** As the program while many call: short turns, and rests of four times a turn (`src/app/pace.ts`). */
const SHORT_TURNS = { MEASURE_TURN: '32', MEASURE_RESTS: '4' }

type Latency = Pick<Measured, 'p50' | 'p99'>

/**
 * How long one report takes at half of the ceiling: of the program, of what does the least of it, and of what does no more
 * than sync a file. Each is the median of some rounds, of the slowest hundredths too: a disk that stalls for a moment would
 * decide a single one.
 */
export async function latencyAtHalf(bench: Bench, ceiling: number): Promise<Row[]> {
  const { engine } = bench.store
  const rate = Math.floor(ceiling / 2)
  // A server that was just started compiles what it runs: what waits meanwhile is not what it is like.
  const atHalf = { rate, warmUpMs: bench.isQuick ? 3_000 : 12_000, measureMs: bench.isQuick ? 2_000 : 15_000 }
  const run = ({ port }: { port: number }): Promise<Latency> => load(bench, [port], traffic(bench, 'report'), atHalf)
  const baseline = (script: string, settings = {}) => {
    return async () => {
      await rested(bench)
      return beside(startBaseline(bench, script, settings), run)
    }
  }
  const disturbances: Latency[] = []
  const [bare, disk, least, ours] = (
    await rounds(bench, [
      baseline(BARE),
      baseline(LEAST_DURABLE),
      // Embedded, the process that accepts derives too.
      engine === 'server' ? baseline(LEAST_CONTRACT) : baseline(LEAST_WHOLE, SHORT_TURNS),
      async () => {
        await rested(bench)
        return beside(serveAccepting(bench), async (server) => {
          const usual = await run(server)
          disturbances.push(await disturbed(bench, () => run(server), atHalf.warmUpMs + atHalf.measureMs / 3))
          return usual
        })
      },
    ])
  ).map(medianOf) as [Latency, Latency, Latency, Latency]
  const row = (what: string, { p50, p99 }: Latency, target: string, isMet: boolean | null): Row => ({
    what: `${what} at ${perSecond(rate)}`,
    engine,
    measured: `p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}`,
    baseline: `bare HTTP p50 ${milliseconds(bare.p50)}, p99 ${milliseconds(bare.p99)}`,
    ratio: ratioOf(p99, bare.p99),
    target,
    isMet,
  })
  return [
    row('accepting one', ours, 'p50 < 5 ms, p99 < 25 ms', ours.p50 < 5 && ours.p99 < 25),
    row('limit of the disk: keeping one in a synced file, and no database,', disk, 'the limit', null),
    row(
      engine === 'server'
        ? 'the least program: storing one, checked and answered as the contract asks,'
        : 'the least program: storing one and deriving it, as the contract asks, and no more,',
      least,
      'no target',
      null,
    ),
    row('accepting one, across a checkpoint and a vacuum', medianOf(disturbances), 'no target', null),
  ]
}

function medianOf(all: readonly Latency[]): Latency {
  return { p50: median(all.map(({ p50 }) => p50)), p99: median(all.map(({ p99 }) => p99)) }
}

/** The load before left a backlog, which no steady load would have. */
async function rested(bench: Bench): Promise<void> {
  await forgetWaiting(bench)
  await warm(bench)
}

/** Runs a load with a checkpoint and a vacuum in the middle of what is measured of it. */
async function disturbed<T>(bench: Bench, run: () => Promise<T>, afterMs: number): Promise<T> {
  const { context, close } = await bench.store.connect()
  const running = run()
  await delay(afterMs)
  await upkeep(context)
  const result = await running
  await close()
  return result
}
