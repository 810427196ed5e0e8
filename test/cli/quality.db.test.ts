import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createKey } from '../../src/app/api-keys.ts'
import { startApiUseLog } from '../../src/app/api-use.ts'
import { countDay } from '../../src/app/count-quality.ts'
import { projectReports } from '../../src/app/project.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { formatInstant, type Instant } from '../../src/domain/instant.ts'
import { addDays, startOfUtcDay, utcDayOf } from '../../src/domain/utc-day.ts'
import { databaseNow } from '../../src/storage/database.ts'
import { receive, type Received, requestIdOf } from '../support/received.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'
import { type Ran, zegoHere } from './command.ts'

const MINUTE = 60_000_000

onEachEngine('zego tells of a work provider', (engine) => {
  let store: Store
  let workProviderId: string
  before(async () => {
    store = await openStore(engine)
    workProviderId = (await createWorkProvider(store.context, 'Ace')).id
  })
  after(() => store.close())

  const run = (...args: string[]): Promise<Ran> => zegoHere(store, args)
  async function json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await run(...args, '--json')
    assert.equal(code, 0, err)
    return JSON.parse(out) as T
  }

  type Quality = {
    days: Record<string, unknown>[]
    total: Record<string, number>
    countedAt: string | null
    lastReportAt: string | null
    findings: { kind: string; text: string }[]
  }

  test('quality: by day and in all, with what is to be said by name', async () => {
    const asked = ['quality', '--work-provider', 'ace', '--days', '3']
    const nothing = await run(...asked)
    assert.match(nothing.out, /^Nothing is counted yet: .*\n\nNo report ever came\.\n$/)

    const now = await databaseNow(store.context.db)
    const today = utcDayOf(now)
    const days = [-3, -2, -1].map((ago) => addDays(today, ago))
    const reports = days.flatMap((day) =>
      Array.from({ length: 20 }, (_, index): Received => {
        const came = (startOfUtcDay(day) + index * MINUTE) as Instant
        return {
          workProviderId,
          requestId: requestIdOf(came),
          item: 0,
          identity: { kind: 'user_id', text: 'nobody' },
          kind: 'login',
          at: (came + 60 * MINUTE) as Instant,
          receivedAt: came,
        }
      }),
    )
    await receive(store.context.db, reports)
    while ((await projectReports(store.context.db)) > 0) continue
    for (const day of [...days, today]) await countDay(store.context, { workProviderId, day }, now)

    const quality = await json<Quality>(...asked)
    assert.deepEqual(
      quality.days.map(({ day, reports: came, hourAhead, parked, capped }) => [day, came, hourAhead, parked, capped]),
      [...days.slice(1).map((day) => [day, 20, 20, 20, 0]), [today, 0, 0, 0, 0]],
    )
    assert.equal(quality.total['reports'], 40)
    assert.deepEqual(
      [quality.countedAt, quality.lastReportAt],
      [formatInstant(now), formatInstant(reports.at(-1)!.receivedAt)],
    )
    assert.deepEqual(
      quality.findings.map(({ kind }) => kind),
      ['an hour ahead'],
    )

    const { out } = await run(...asked)
    const lines = out.trimEnd().split('\n')
    assert.match(lines[0]!, /^day +reports +duplicate +late +orphan +repeat +capped +parked +usually arrive$/)
    assert.match(lines[2]!, new RegExp(`^${days[1]} +20 +0\\.0 % +0\\.0 % +0\\.0 % +100\\.0 % +an hour ahead$`))
    assert.match(lines[4]!, new RegExp(`^${today} +0$`))
    assert.match(lines[5]!, /^all +40 /)
    assert.equal(lines.at(-1), quality.findings[0]!.text)
  })

  test('quality of nobody, or of no number of days, is refused', async () => {
    for (const [args, pattern] of [
      [['--work-provider', 'Bolt'], /no work provider named "Bolt"/],
      [['--work-provider', 'Ace', '--days', '31'], /"31" is not a number of days from 1 to 30/],
      [['--work-provider', 'Ace', '--days', 'some'], /"some" is not a number of days/],
    ] as const) {
      const { code, out, err } = await run('quality', ...args)
      assert.deepEqual([code, out], [1, ''])
      assert.match(err, pattern)
    }
  })

  test('key list says when each key was last used', async () => {
    const { id } = await createKey(store.context, 'Ace')
    assert.match((await run('key', 'list')).out, /last used\n[- ]+\nAce .* live +never\n/)
    const used = startOfUtcDay('2026-02-03')
    const log = startApiUseLog(store.context)
    log.noteKey(id, used)
    await log.stop()
    const [key] = await json<{ id: string; lastUsedAt: string | null }[]>('key', 'list')
    assert.deepEqual([key!.id, key!.lastUsedAt], [id, formatInstant(used)])
    assert.match((await run('key', 'list')).out, /live +2026-02-03T00:00:00Z\n/)
  })
})
