import { projectorCut } from './projector-death.ts'
import { projectorKilled } from './projector-kill.ts'
import { testRow } from './row-test.ts'

testRow(projectorCut, 1)
testRow(projectorKilled, 1)
