import { sql } from 'kysely'
import { insertWorkProvider } from '../../src/storage/work-providers.ts'
import { inTransaction } from '../../src/storage/database.ts'
import { contextOn } from '../support/stores.ts'

/* A program of its own, to be stopped or killed: beside the server of DATA_DIR it stays in the middle of a transaction. */

const { context } = contextOn({ embeddedHost: process.env['DATA_DIR']! })
await inTransaction(context.db, async (trx) => {
  await insertWorkProvider(trx, { id: context.newId(), name: process.argv[2]! })
  await sql`select from work_provider for update`.execute(trx)
  console.log('in a transaction')
  await new Promise((resolve) => setTimeout(resolve, 600_000))
})
