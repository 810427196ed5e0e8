import { answerLost } from './answer-lost.ts'
import { testRow } from './row.ts'

testRow(answerLost, 20)
