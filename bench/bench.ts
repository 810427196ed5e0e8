import type { Job, Measured, Traffic } from './load/job.ts'
import { type Generator, type Running, start } from './processes.ts'
import type { BenchStore, Server } from './store.ts'

/** One line of the table. */
export type Row = {
  readonly what: string
  readonly engine: string
  readonly measured: string
  /** What it is compared with, measured in the same run. */
  readonly baseline: string
  readonly ratio: number | null
  readonly target: string
  /** Null where nothing is asked. */
  readonly isMet: boolean | null
}

/** What the measures work with. */
export type Bench = {
  readonly generator: Generator
  readonly store: BenchStore
  readonly customers: number
  /** Shorter everywhere, and less grown: to see that all of it works. */
  readonly isQuick: boolean
}

export const BARE = 'bench/baselines/bare-http.ts'
export const LEAST_CONTRACT = 'bench/baselines/least-contract.ts'
export const LEAST_WHOLE = 'bench/baselines/least-whole.ts'

/** Closed-loop connections: enough that no system waits for requests. */
export const CONNECTIONS = 256
export const BATCH_CONNECTIONS = 16
export const ITEMS_A_BATCH = 1_000
/** Those who are reported: fewer than there are customers, so that probes have some of their own. */
export const COURIERS = 50_000
const ROUNDS = 3

export function measureMs({ isQuick }: Bench): number {
  return isQuick ? 1_500 : 4_000
}

export function traffic(bench: Bench, kind: Traffic['kind'], some: Partial<Traffic> = {}): Traffic {
  return { kind, items: ITEMS_A_BATCH, firstCourier: 0, couriers: COURIERS, key: bench.store.key, ...some }
}

/** Everything has to be answered as it should be: what is refused is not a speed. */
export async function load(
  bench: Bench,
  ports: readonly number[],
  sent: Traffic,
  some: Partial<Job> = {},
): Promise<Measured> {
  const connections = sent.kind === 'batch' ? BATCH_CONNECTIONS : CONNECTIONS
  const measured = await bench.generator.run({
    ports,
    traffic: sent,
    connections,
    rate: null,
    // A server that was just started compiles what it runs, for seconds on a slow machine: nobody runs one that young.
    warmUpMs: bench.isQuick ? 500 : 6_000,
    measureMs: measureMs(bench),
    ...some,
  })
  if (Object.keys(measured.refused).length > 0) throw new Error(`refused: ${JSON.stringify(measured.refused)}`)
  return measured
}

/** The process that accepts: on a server one that does nothing else, embedded the whole program. */
export function serveAccepting({ store }: Bench): Promise<Server> {
  return store.serve(store.engine === 'server' ? 'accept' : 'all')
}

export async function startBaseline(
  bench: Bench,
  script: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Running & { port: number }> {
  const environment = { ...bench.store.environment, ...settings }
  const running = await start(script, [], environment, /Listening on http:\/\/127\.0\.0\.1:(\d+)/)
  return { ...running, port: Number(running.said) }
}

/** Measures several things in turn, several times, and answers what each of them gave: the machine is noisy. */
export async function rounds<T>(bench: Bench, measures: readonly (() => Promise<T>)[]): Promise<T[][]> {
  const results = measures.map((): T[] => [])
  for (let round = 0; round < (bench.isQuick ? 1 : ROUNDS); round++) {
    for (const [index, measure] of measures.entries()) results[index]!.push(await measure())
  }
  return results
}

/** The same of what gives a number: the median of each. */
export async function inTurns(bench: Bench, measures: readonly (() => Promise<number>)[]): Promise<number[]> {
  return (await rounds(bench, measures)).map(median)
}

/** Runs `use` beside something that runs, which does not outlive it. */
export async function beside<R extends Running, T>(starting: Promise<R>, use: (running: R) => Promise<T>): Promise<T> {
  const running = await starting
  try {
    return await use(running)
  } finally {
    await running.stop()
  }
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

export function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!
}

export function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en-GB')}/s`
}

export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`
}

export function ratioOf(value: number, baseline: number): number {
  return Math.round((value / baseline) * 100) / 100
}
