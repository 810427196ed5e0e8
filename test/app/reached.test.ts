import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Reached } from '../../src/app/reached.ts'
import type { Requests, Taken } from '../../src/storage/inbox.ts'

const WORK_PROVIDER = '0199c0de-0000-7000-8000-000000000001'
const OTHER = '0199c0de-0000-7000-8000-000000000002'
const MADE_AT_MS = 1_760_000_000_000

/** A clock that stands unless it is moved, and turns that are written down. */
function setUp() {
  let elapsedMs = 1_234.5
  const reached = new Reached(() => elapsedMs)
  const froms: (readonly [string, string][])[] = []
  return {
    froms,
    pass: (ms: number) => void (elapsedMs += ms),
    turn: (last: Record<string, string>, tookMs = 0) =>
      reached.turn(async (from: Requests): Promise<Taken> => {
        froms.push([...from])
        elapsedMs += tookMs
        return { claimed: 1, unfinished: [], reached: new Map(Object.entries(last)), oldestAt: null }
      }),
  }
}

/** An id made at a moment, with other digits behind it or none. */
function idAt(milliseconds: number, rest = '7abc-9def-123456789abc'): string {
  const hex = milliseconds.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-${rest}`
}
const least = (milliseconds: number): string => idAt(milliseconds, '0000-0000-000000000000')

describe('where a turn begins', () => {
  it('is the beginning first, then a second before what was taken last, of each work provider', async () => {
    const { froms, turn } = setUp()
    await turn({ [WORK_PROVIDER]: idAt(MADE_AT_MS) })
    await turn({ [OTHER]: idAt(MADE_AT_MS + 5_000) })
    await turn({ [WORK_PROVIDER]: idAt(MADE_AT_MS + 250) })
    await turn({})
    assert.deepEqual(froms, [
      [],
      [[WORK_PROVIDER, least(MADE_AT_MS - 1_000)]],
      [
        [WORK_PROVIDER, least(MADE_AT_MS - 1_000)],
        [OTHER, least(MADE_AT_MS + 4_000)],
      ],
      [
        [WORK_PROVIDER, least(MADE_AT_MS - 750)],
        [OTHER, least(MADE_AT_MS + 4_000)],
      ],
    ])
  })

  it('is the beginning again after a second, and after twenty times what it took where that is longer', async () => {
    const { froms, turn, pass } = setUp()
    const begins = async (): Promise<boolean> => {
      await turn({ [WORK_PROVIDER]: idAt(MADE_AT_MS) })
      return froms.at(-1)!.length === 0
    }
    assert.ok(await begins())
    pass(999)
    assert.ok(!(await begins()))
    pass(1)
    await turn({ [WORK_PROVIDER]: idAt(MADE_AT_MS) }, 100)
    assert.deepEqual(froms.at(-1), [])
    pass(1_999)
    assert.ok(!(await begins()))
    pass(1)
    assert.ok(await begins())
  })

  it('is some id before the last one, also of ids that do not begin with a time', async () => {
    const { froms, turn } = setUp()
    for (const id of ['00000000-0000-4000-8000-000000000000', 'ffffffff-ffff-4fff-bfff-ffffffffffff']) {
      await turn({ [WORK_PROVIDER]: id })
      await turn({})
      const [[, from]] = froms.at(-1) as [[string, string]]
      assert.match(from, /^[0-9a-f]{8}-[0-9a-f]{4}-0000-0000-0{12}$/)
      assert.ok(from <= id)
    }
  })
})
