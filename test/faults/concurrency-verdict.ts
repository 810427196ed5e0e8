import assert from 'node:assert/strict'
import type { ConcurrencyResult } from './concurrency.ts'

/** What must hold after a run, whatever happened in it. */
export function assertConcurrency(result: ConcurrencyResult): void {
  assert.deepEqual(result.check.differences, [], 'the stored shifts are those of the events')
  assert.equal(result.check.ok, true)
  assert.deepEqual(result.staff.differences, [], 'a check beside running projectors sees no difference')
  assert.deepEqual(result.refused, [], 'every request was answered 202')
  assert.deepEqual(result.errors, [], 'no process logged an error')
  const { deadlocks, inbox, linksToDerive } = result
  assert.deepEqual({ deadlocks, inbox, linksToDerive }, { deadlocks: 0, inbox: 0, linksToDerive: 0 })
  assert.equal(result.reportsStored, result.reportsSent, 'each report is kept once')
  assert.equal(result.eventsStored, result.eventsSent, 'each distinct report is one event')
}
