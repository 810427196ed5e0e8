import { diskFull } from './full-disk.ts'
import { testRow } from './row.ts'

testRow(diskFull, 2)
