import { batchCrashed } from './batch-crash.ts'
import { testRow } from './row.ts'

testRow(batchCrashed, 4)
