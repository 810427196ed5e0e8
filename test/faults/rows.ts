import { answerLost } from './answer-lost.ts'
import { batchCrashed } from './batch-crash.ts'
import { connectionsTerminated } from './connections-terminated.ts'
import { databaseKilled } from './database-kill.ts'
import { diskFull } from './full-disk.ts'
import { serverKilled } from './kill.ts'
import { projectorCut } from './projector-death.ts'
import { projectorKilled } from './projector-kill.ts'
import { rollingRestart } from './rolling-restart.ts'
import type { Row } from './row.ts'
import { databaseSlow } from './slow-database.ts'
import { commandStopped } from './stopped-command.ts'

/** All rows that go on for as many rounds as one likes. */
export const ROWS: readonly Row[] = [
  serverKilled,
  databaseKilled,
  answerLost,
  batchCrashed,
  connectionsTerminated,
  diskFull,
  databaseSlow,
  rollingRestart,
  projectorCut,
  projectorKilled,
  commandStopped,
]
