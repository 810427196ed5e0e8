import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { check } from '../../src/app/check.ts'
import {
  anomaliesOf,
  coverOfReading,
  explain,
  loadRecord,
  type Reading,
  readCustomer,
  shiftsOf,
} from '../../src/app/customer-record.ts'
import { settle } from '../../src/app/settle.ts'
import { deriveFromFacts } from '../../src/domain/customer-record.ts'
import { formatInstant, type Instant } from '../../src/domain/instant.ts'
import { derivedOfLinks } from '../../src/storage/shifts.ts'
import type { Question } from '../oracle/facts.ts'
import { oracleAnomalies, oracleCover, oracleShifts } from '../oracle/oracle.ts'
import { runs } from '../support/properties.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { worldOfStore } from '../support/world-of-store.ts'
import { histories, startHistory } from './random-history.ts'

/* The program as a whole, told random histories, against the oracle on the facts that it stored. */

const RUNS = 25

onEachEngine('any history of reports, links, releases, annulments and settings', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  test('answers as the oracle does now and as known at any earlier time, and stores what it answers', async () => {
    const { context } = store
    let shiftsSeen = 0
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const told = await startHistory(context)
        const asked: { at: Instant; answer: Answer }[] = []
        for (const step of steps) {
          await told.tell(step)
          if (step.do === 'ask') {
            const reading = await readCustomer(context, told)
            asked.push({ at: reading.now, answer: answerOf(reading) })
          }
        }

        const reading = await readCustomer(context, told)
        const world = await worldOfStore(context.db)
        assert.deepEqual(answerOf(reading), oracle(world, told.customerNumber, { now: reading.now }))

        for (const { at, answer } of asked) {
          const then = await readCustomer(context, { ...told, asKnownAt: at })
          assert.deepEqual(answerOf(then), answer, `as known at ${formatInstant(at)}, as was answered then`)
          assert.deepEqual(answer, oracle(world, told.customerNumber, { now: at, asKnownAt: at }))
        }

        const isCovered = answerOf(reading).cover.some((piece) => piece.to === reading.now)
        const { covered, why } = explain({ ...reading, now: reading.now }, (reading.now - 1) as Instant)
        assert.equal(covered, isCovered, why)

        await settle(context)
        const record = await loadRecord(context.db, told.customerNumber, { withInbox: false })
        for (const stream of record.streams) {
          const stored = await derivedOfLinks(context.db, [stream.link.id])
          assert.deepEqual(stored.get(stream.link.id), deriveFromFacts(stream))
          shiftsSeen += stored.get(stream.link.id)!.shifts.length
        }
      }),
      runs(RUNS),
    )
    assert.ok(shiftsSeen > RUNS, 'histories that hardly ever make a shift show nothing')
    const { differences } = await check(context)
    assert.deepEqual(differences, [])
  })
})

type Answer = {
  shifts: unknown[]
  anomalies: unknown[]
  cover: { from: number; to: number; workProviders: readonly string[] }[]
}

function answerOf(reading: Reading): Answer {
  return {
    shifts: shiftsOf(reading).map(({ workProvider, startedAt, endedAt, capAt, endReason }) => ({
      workProvider,
      startedAt,
      endedAt,
      capAt,
      endReason,
    })),
    anomalies: anomaliesOf(reading).map(({ workProvider, at, kind }) => ({ workProvider, at, kind })),
    cover: coverOfReading(reading).map(({ from, to, workProviders }) => ({ from, to, workProviders })),
  }
}

function oracle(world: Awaited<ReturnType<typeof worldOfStore>>, customerNumber: string, question: Question): Answer {
  return {
    shifts: oracleShifts(world, customerNumber, question).map(
      ({ workProvider, startedAt, endedAt, capAt, endReason }) => ({
        workProvider,
        startedAt,
        endedAt,
        capAt,
        endReason,
      }),
    ),
    anomalies: oracleAnomalies(world, customerNumber, question).map(({ workProvider, at, kind }) => ({
      workProvider,
      at,
      kind,
    })),
    cover: oracleCover(world, customerNumber, question).map(({ from, to, workProviders }) => ({
      from,
      to,
      workProviders,
    })),
  }
}
