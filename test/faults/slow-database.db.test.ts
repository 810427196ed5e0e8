import { databaseSlow } from './slow-database.ts'
import { testRow } from './row-test.ts'

testRow(databaseSlow, 2)
