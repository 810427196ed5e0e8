import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { table } from '../../src/cli/cli.ts'
import { csvCell } from '../../src/domain/csv.ts'

describe('what outsiders wrote, on a terminal and in a spreadsheet', () => {
  test('has no control over the terminal and adds no row', () => {
    const text = table(['id'], [['evil\x1b]0;owned\x07\nparked  FAKE\u2028\u202e']], '')
    assert.equal(text.split('\n').length, 3)
    assert.match(text, /^[ -~\n]+$/)
  })

  test('is shown as it is otherwise, in columns', () => {
    assert.equal(
      table(
        ['a', 'b'],
        [
          ['Zoë', '🛵'],
          ['x', 'y'],
        ],
        '',
      ),
      'a    b\n---  -\nZoë  🛵\nx    y',
    )
    assert.equal(table(['a'], [], 'None.'), 'None.')
  })

  test('is no formula', () => {
    for (const text of ['=1+1', '+1', '-1', '@x', '\tx'])
      assert.ok(csvCell(text).replace(/^"/, '').startsWith("'"), text)
    assert.equal(csvCell('a,"b"'), '"a,""b"""')
    assert.equal(csvCell('Courier Ltd'), 'Courier Ltd')
  })
})
