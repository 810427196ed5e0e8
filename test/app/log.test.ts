import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const LOG = fileURLToPath(new URL('../../src/log.ts', import.meta.url))
const SECRET = 'hunter2-hunter2'

/** The lines that a process logs; `statements` know `log` and `secret`. */
function linesOf(statements: string): Record<string, unknown>[] {
  const source = `import { openLog } from ${JSON.stringify(LOG)}
    const log = openLog('info'), secret = ${JSON.stringify(SECRET)}
    ${statements}`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, '', 'standard output is for people')
  const lines = stderr.trimEnd().split('\n')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

describe('the log of the process', () => {
  test('holds no key, password or address of a database, at the top of what is logged or one level down', () => {
    const lines = linesOf(`
      log.info({ key: secret, password: secret, authorization: secret }, 'at the top')
      log.warn({ config: { key: secret, password: secret, authorization: secret, connectionString: secret } }, 'below')
      log.error({ headers: { authorization: secret, accept: '*/*' } }, 'beside what may be seen')`)
    assert.equal(lines.length, 3)
    assert.ok(!JSON.stringify(lines).includes(SECRET))
    assert.deepEqual(lines[2]!['headers'], { authorization: '[redacted]', accept: '*/*' })
  })

  test('holds of an error what it is and where it was, and nothing that a library hung on it', () => {
    const [line] = linesOf(`
      const error = Object.assign(new Error('it broke'), { code: '23505', detail: secret, parameters: [secret] })
      log.error({ err: error }, 'a request failed')`)
    const { stack, ...told } = line!['err'] as Record<string, unknown>
    assert.deepEqual(told, { type: 'Error', message: 'it broke', code: '23505' })
    assert.equal(typeof stack, 'string')
    assert.ok(!JSON.stringify(line).includes(SECRET))
  })

  test('that cannot be written ends nothing', () => {
    const source = `import { openLog } from ${JSON.stringify(LOG)}
      const log = openLog('info')
      for (let line = 0; line < 100; line++) log.error('the disk is full')
      setImmediate(() => console.log('still here'))`
    const full = openSync('/dev/full', 'w')
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', full],
    })
    closeSync(full)
    assert.deepEqual([status, stdout], [0, 'still here\n'])
  })

  test('is one line of JSON for each message, with a time in UTC, whatever stands in the values', () => {
    const text = 'one\ntwo\r\n{"level":"error","msg":"forged"}\u2028\u001B[2Jthree'
    const [line, ...others] = linesOf(`log.info({ workProvider: ${JSON.stringify(text)} }, 'settings changed')`)
    assert.deepEqual(others, [])
    assert.equal(line!['workProvider'], text)
    assert.match(String(line!['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.deepEqual([line!['level'], line!['msg']], ['info', 'settings changed'])
  })
})
