import { rollingRestart } from './rolling-restart.ts'
import { testRow } from './row-test.ts'

testRow(rollingRestart, 1)
