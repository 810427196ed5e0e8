import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantOfEpochSeconds } from '../../src/domain/instant.ts'
import { compareLedgers, type StoredReport } from './ledger.ts'
import { newRecorder, type Recorder } from './load.ts'
import { seededRandom } from '../../src/domain/random.ts'

/* The comparison that the kill tests rest on: it has to notice what it is there for. */

const NOW = instantOfEpochSeconds(1_790_000_000)

type Ledgers = { recorder: Recorder; reports: StoredReport[]; events: StoredReport[] }

/** Three requests of 1, 5 and 1,000 reports; all stored, the last one never answered. */
function whole(): Ledgers {
  const recorder = newRecorder(seededRandom(1), NOW)
  const reports = [1, 5, 1_000].flatMap((size, index) => {
    const content = recorder.make(size)
    content.sends = 1
    if (index < 2) content.acknowledged.push(`r${index}`)
    return content.items.map((one, item): StoredReport => {
      return { requestId: `r${index}`, item, identity: one.userId, kind: content.kind, at: one.at }
    })
  })
  return { recorder, reports, events: [...reports] }
}

const FAULTS: Record<string, { damage: (ledgers: Ledgers) => void; lost: number; invented: number }> = {
  'nothing wrong': { damage: () => {}, lost: 0, invented: 0 },
  'an unanswered request that is not there at all': {
    damage: (all) => {
      all.reports = all.reports.filter((one) => one.requestId !== 'r2')
      all.events = [...all.reports]
    },
    lost: 0,
    invented: 0,
  },
  'a request with a 202 that is gone': {
    damage: (all) => {
      all.reports = all.reports.filter((one) => one.requestId !== 'r1')
      all.events = [...all.reports]
    },
    lost: 5,
    invented: 0,
  },
  'a part of a request with a 202 that is gone': {
    damage: (all) => {
      all.reports = all.reports.filter((one) => one.requestId !== 'r1' || one.item !== 3)
    },
    lost: 1,
    invented: 9,
  },
  'half a batch': {
    damage: (all) => {
      all.reports = all.reports.filter((one) => one.requestId !== 'r2' || one.item < 500)
      all.events = all.reports.filter((one) => one.requestId !== 'r2')
    },
    lost: 0,
    invented: 500,
  },
  'a report twice in one request': { damage: (all) => all.reports.push(all.reports[0]!), lost: 0, invented: 3 },
  'a request stored twice': {
    damage: (all) => all.reports.push({ ...all.reports[0]!, requestId: 'r9' }),
    lost: 0,
    invented: 1,
  },
  'a report that nobody sent': {
    damage: (all) => all.reports.push({ ...all.reports[0]!, requestId: 'r9', identity: 'nobody' }),
    lost: 0,
    invented: 1,
  },
  'a report without its event': { damage: (all) => all.events.pop(), lost: 1, invented: 0 },
  'an event twice': { damage: (all) => all.events.push(all.events[0]!), lost: 0, invented: 1 },
}

for (const [name, { damage, lost, invented }] of Object.entries(FAULTS)) {
  test(`the comparison of what was sent with what is stored sees ${name}`, () => {
    const ledgers = whole()
    damage(ledgers)
    const verdict = compareLedgers(ledgers.recorder, ledgers.reports, ledgers.events)
    assert.deepEqual(
      { lost: verdict.lost, invented: verdict.invented },
      { lost, invented },
      verdict.problems.join('\n'),
    )
    assert.equal(verdict.problems.length > 0, lost + invented > 0)
  })
}
