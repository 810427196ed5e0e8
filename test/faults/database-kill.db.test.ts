import { databaseKilled } from './database-kill.ts'
import { testRow } from './row.ts'

testRow(databaseKilled, 2)
