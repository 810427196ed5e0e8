import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import { startWorker } from '../../src/app/worker.ts'

const LOG = pino({ level: 'silent' })
const NEVER_MS = 1_000_000

describe('a background worker', () => {
  test('goes on while there is more, and rests until it is nudged', async () => {
    let turns = 0
    let rested = Promise.withResolvers<void>()
    const worker = startWorker(LOG, 'test', NEVER_MS, async () => {
      turns += 1
      if (turns % 3 === 0) rested.resolve()
      return turns % 3 !== 0
    })
    await rested.promise
    assert.equal(turns, 3)
    rested = Promise.withResolvers<void>()
    worker.nudge()
    await rested.promise
    assert.equal(turns, 6)
    await worker.stop()
  })

  test('a nudge during a turn is not lost', async () => {
    let turns = 0
    const second = Promise.withResolvers<void>()
    const worker = startWorker(LOG, 'test', NEVER_MS, async () => {
      turns += 1
      if (turns === 1) queueMicrotask(() => worker.nudge())
      await Promise.resolve()
      if (turns === 2) second.resolve()
      return false
    })
    await second.promise
    await worker.stop()
  })

  test('a turn that fails is tried again', async () => {
    let turns = 0
    const again = Promise.withResolvers<void>()
    const worker = startWorker(LOG, 'test', NEVER_MS, async () => {
      turns += 1
      if (turns === 1) throw new Error('passing')
      again.resolve()
      return false
    })
    await again.promise
    await worker.stop()
    assert.equal(turns, 2)
  })

  test('stopping lets the turn under way finish', async () => {
    const begun = Promise.withResolvers<void>()
    const finish = Promise.withResolvers<void>()
    let isFinished = false
    const worker = startWorker(LOG, 'test', NEVER_MS, async () => {
      begun.resolve()
      await finish.promise
      isFinished = true
      return false
    })
    await begun.promise
    const stopped = worker.stop()
    finish.resolve()
    await stopped
    assert.ok(isFinished)
  })

  test('stopping tells a turn that is long', async () => {
    const begun = Promise.withResolvers<void>()
    const worker = startWorker(LOG, 'test', NEVER_MS, async (stopping) => {
      begun.resolve()
      await once(stopping, 'abort')
      return true
    })
    await begun.promise
    await worker.stop()
  })
})
