import { databaseSlow } from './slow-database.ts'
import { testRow } from './row.ts'

testRow(databaseSlow, 2)
