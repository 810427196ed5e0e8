import { testRow } from './row.ts'
import { commandStopped } from './stopped-command.ts'

testRow(commandStopped, 1)
