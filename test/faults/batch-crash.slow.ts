import { batchCrashed } from './batch-crash.ts'
import { testRow } from './row-test.ts'

testRow(batchCrashed, 2)
