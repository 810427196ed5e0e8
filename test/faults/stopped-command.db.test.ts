import { testRow } from './row-test.ts'
import { commandStopped } from './stopped-command.ts'

testRow(commandStopped, 1)
