import type { Context } from '../../src/app/context.ts'
import { type Bench, beside, ITEMS_A_BATCH, load, perSecond, ratioOf, type Row, traffic } from '../bench.ts'
import { checkpoint } from '../../src/storage/maintenance.ts'
import { forgetWaiting, warm } from '../before.ts'
import { analyzeGrown, countEvents, growHistory } from '../statements.ts'
import { sustain, type SustainOptions } from './deriving.ts'

const MOST_SLOWER = 1.3
/** Of the couriers whose streams are grown; they are reported in batches of as many. */
const STREAM_COURIERS = 100
const SHORT_PAIRS = 5
const LONG_PAIRS = 5_000
const COURIERS_A_PIECE = 10_000
/**
 * PostgreSQL writes all of a page that is changed for the first time since a checkpoint. In a large store at first nearly
 * every change is: what is measured is the time after, which is most of it.
 */
const SETTLING_MS = 60_000

/** Whether accepting, deriving and answering stay as fast as the store grows. */
export async function growth(bench: Bench): Promise<Row[]> {
  const { store, isQuick } = bench
  const [small, large] = isQuick ? [50_000, 200_000] : [1_000_000, store.engine === 'server' ? 30_000_000 : 5_000_000]
  await growTo(bench, small)
  const options = isQuick ? {} : { warmUpMs: SETTLING_MS }
  const before = await speeds(bench, options)
  await growTo(bench, large)
  const after = await speeds(bench, options)
  const label = `${short(small)} -> ${short(large)} stored events`
  return rows(bench, label, before, after)
}

/** Whether they stay as fast as a courier's own history grows. */
export async function longStreams(bench: Bench): Promise<Row[]> {
  const pairs = bench.isQuick ? 200 : LONG_PAIRS
  const of = (first: number): { firstCourier: number; couriers: number; items: number } => ({
    firstCourier: first,
    couriers: STREAM_COURIERS,
    items: STREAM_COURIERS,
  })
  const [shortFirst, longFirst] = [bench.customers - 2 * STREAM_COURIERS, bench.customers - STREAM_COURIERS]
  await grown(bench, async (context) => {
    const { workProviderId } = bench.store
    await growHistory(context, workProviderId, { first: shortFirst, couriers: STREAM_COURIERS, pairs: SHORT_PAIRS })
    await growHistory(context, workProviderId, { first: longFirst, couriers: STREAM_COURIERS, pairs })
    await analyzeGrown(context)
  })
  const before = await speeds(bench, { traffic: of(shortFirst) })
  const after = await speeds(bench, { traffic: of(longFirst) })
  return rows(bench, `${2 * SHORT_PAIRS} -> ${(2 * pairs).toLocaleString('en-GB')} events in a stream`, before, after)
}

async function growTo(bench: Bench, events: number): Promise<void> {
  await grown(bench, async (context) => {
    const missing = events - (await countEvents(context))
    const pairs = Math.max(1, Math.round(missing / 2 / bench.customers))
    const couriers = Math.min(bench.customers, Math.ceil(missing / 2 / pairs))
    for (let first = 0; first < couriers; first += COURIERS_A_PIECE) {
      const piece = { first, couriers: Math.min(COURIERS_A_PIECE, couriers - first), pairs }
      await growHistory(context, bench.store.workProviderId, piece)
    }
    await analyzeGrown(context)
  })
}

async function grown(bench: Bench, work: (context: Context) => Promise<void>): Promise<void> {
  const { context, close } = await bench.store.connect()
  await work(context)
  // What growing left in memory would be written while something else is measured.
  await checkpoint(context.db)
  await close()
}

type Speeds = { readonly accepted: number; readonly derived: number; readonly answered: number }

/** Accepting, deriving and answering, as they are now. */
async function speeds(bench: Bench, options: SustainOptions): Promise<Speeds> {
  const { traffic: some = {} } = options
  return beside(bench.store.serve(), async ({ port, pid }) => {
    await warm(bench)
    const { perSecond: derived } = await sustain(bench, [port], [pid], options)
    await warm(bench)
    const accepted = await load(bench, [port], traffic(bench, 'batch', some))
    await forgetWaiting(bench)
    await warm(bench)
    const answered = await load(
      bench,
      [port],
      traffic(bench, 'status', { ...some, couriers: some.couriers ?? bench.customers }),
    )
    return { accepted: accepted.perSecond * (some.items ?? ITEMS_A_BATCH), derived, answered: answered.perSecond }
  })
}

function rows(bench: Bench, what: string, before: Speeds, after: Speeds): Row[] {
  const names = { accepted: 'accepting', derived: 'accepting and deriving', answered: 'user/status' } as const
  return (Object.keys(names) as (keyof Speeds)[]).map((name) => ({
    what: `${what}: ${names[name]}`,
    engine: bench.store.engine,
    measured: perSecond(after[name]),
    baseline: `before ${perSecond(before[name])}`,
    ratio: ratioOf(after[name], before[name]),
    target: `> ${(1 / MOST_SLOWER).toFixed(2)}`,
    isMet: after[name] * MOST_SLOWER >= before[name],
  }))
}

function short(events: number): string {
  return events >= 1_000_000 ? `${events / 1_000_000} M` : `${events / 1_000} k`
}
