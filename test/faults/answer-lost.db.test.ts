import { answerLost } from './answer-lost.ts'
import { testRow } from './row-test.ts'

testRow(answerLost, 5)
