import { serverKilled } from './kill.ts'
import { testRow } from './row.ts'

testRow(serverKilled, 2)
