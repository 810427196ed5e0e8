import { connectionsTerminated } from './connections-terminated.ts'
import { testRow } from './row.ts'

testRow(connectionsTerminated, 15)
