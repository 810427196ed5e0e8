import assert from 'node:assert/strict'
import { test } from 'node:test'
import { traceIdOf } from '../../src/domain/trace.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

test('the id of a trace is taken from a traceparent of this version and of later ones', () => {
  assert.equal(traceIdOf(`00-${TRACE}-${SPAN}-01`), TRACE)
  assert.equal(traceIdOf(`cc-${TRACE}-${SPAN}-00-what-comes-later`), TRACE)
})

test('what is no traceparent tells of no trace, and nothing of it is taken over', () => {
  const none = [
    undefined,
    '',
    TRACE,
    [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`],
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-0`,
    `00-${TRACE}-${SPAN}-01\n{"level":"fatal"}`,
  ]
  for (const text of none) assert.equal(traceIdOf(text), undefined, String(text))
})
