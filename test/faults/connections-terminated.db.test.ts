import { connectionsTerminated } from './connections-terminated.ts'
import { testRow } from './row-test.ts'

testRow(connectionsTerminated, 5)
