import { CITUS_URL, type Engine, TEST_DATABASE_URL } from '../support/stores.ts'
import type { RowResult } from './verdict.ts'

/** One kind of fault, again and again while reports come in. In `npm test` for few rounds, at length by `npm run test:faults`. */
export type Row = {
  readonly id: string
  /** What holds, as the name of a test. */
  readonly guarantee: string
  readonly engines: readonly Engine[]
  /** Why it cannot run here, or false. */
  skip(): string | false
  run(options: RowOptions): Promise<RowResult>
}

export type RowOptions = {
  readonly engine: Engine
  readonly rounds: number
  readonly seed: number
  readonly log: (line: string) => void
}

export function needsServer(): string | false {
  return TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'
}

export function needsCluster(): string | false {
  return CITUS_URL === undefined && 'CITUS_URL is not set: it needs a cluster'
}

/** Why a row cannot run on an engine, or false. */
export function skipOn(row: Row, engine: Engine): string | false {
  return (engine === 'server' && needsServer()) || (engine === 'citus' && needsCluster()) || row.skip()
}
