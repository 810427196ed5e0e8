import { databaseKilled } from './database-kill.ts'
import { testRow } from './row-test.ts'

testRow(databaseKilled, 1)
