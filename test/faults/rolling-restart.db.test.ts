import { rollingRestart } from './rolling-restart.ts'
import { testRow } from './row.ts'

testRow(rollingRestart, 2)
