import { diskFull } from './full-disk.ts'
import { testRow } from './row-test.ts'

testRow(diskFull, 2)
