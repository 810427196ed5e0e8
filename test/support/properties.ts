import fc from 'fast-check'

/** Every property runs with this seed, printed so that a failure can be had again: `TEST_SEED=... npm test`. */
export const SEED = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31)
/** Multiplies the number of runs: more in CI than at the desk. */
const RUNS_FACTOR = Number(process.env['TEST_RUNS_FACTOR'] ?? 1)

console.log(`properties run with TEST_SEED=${SEED} TEST_RUNS_FACTOR=${RUNS_FACTOR}`)

export function runs(count: number): fc.Parameters<unknown> {
  return { seed: SEED, numRuns: count * RUNS_FACTOR, endOnFailure: false }
}
