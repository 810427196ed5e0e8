import { after, before, it } from 'node:test'
import { sql } from 'kysely'
import type { Context } from '../../src/app/context.ts'
import { startMaintenance } from '../../src/app/maintenance.ts'
import {
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MILLISECOND,
  plus,
  temporal,
} from '../../src/domain/instant.ts'
import { waitFor } from '../faults/harness.ts'
import { onEachEngine, openStore, type Store } from '../support/stores.ts'

const HOURS_OF_A_MONTH = 31 * 24

onEachEngine('partitions made ahead of time', (engine) => {
  let store: Store
  before(async () => {
    store = await openStore(engine)
  })
  after(() => store.close())

  it('a program that runs for months without a restart makes those of each coming month, before the month comes', async () => {
    const { context } = store
    let ahead = 0
    const worker = startMaintenance(
      { ...context, now: () => plus(context.now(), ahead) },
      () => performance.now() + ahead / MICROSECONDS_PER_MILLISECOND,
    )
    try {
      for (let month = 1; month <= 6; month++) {
        ahead = month * HOURS_OF_A_MONTH * MICROSECONDS_PER_HOUR
        const wanted = comingMonths(plus(context.now(), ahead))
        worker.nudge()
        await waitFor(`partitions of ${wanted.join(', ')}`, async () => isEach(await partitions(context), wanted))
      }
    } finally {
      await worker.stop()
    }
  })
})

/** This month and the three after it, of both tables. */
function comingMonths(now: Instant): string[] {
  const first = temporal(now).toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth()
  return [0, 1]
    .map((months) => first.add({ months }).toString().replace('-', '_'))
    .flatMap((month) => [`report_${month}`, `event_${month}`])
}

function isEach(names: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((name) => names.includes(name))
}

async function partitions({ db }: Context): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where c.relkind = 'r'
  `.execute(db)
  return rows.map((row) => row.name)
}
