import { serverKilled } from './kill.ts'
import { testRow } from './row-test.ts'

testRow(serverKilled, 1)
