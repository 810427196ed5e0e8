import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BadConfiguration, readConfig } from '../../src/config.ts'

describe('the configuration', () => {
  test('needs nothing', () => {
    const config = readConfig({})
    assert.equal(config.publicUrl, 'http://127.0.0.1:8080')
    assert.equal(config.databaseUrl, undefined)
    assert.equal(config.timeZone, 'Europe/London')
    assert.equal(config.role, 'all')
  })

  test('an empty variable counts as none', () => {
    assert.equal(readConfig({ PORT: '', DATABASE_URL: ' ' }).port, 8080)
  })

  test('tells every problem at once, and no secret', () => {
    const environment = {
      PORT: '80a',
      ZEGO_ROLE: 'boss',
      TIME_ZONE: 'Mars',
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      ZEGO_DEMO: 'x',
    }
    assert.throws(
      () => readConfig(environment),
      (error) => {
        assert.ok(error instanceof BadConfiguration)
        assert.equal(error.problems.length, 5)
        assert.ok(!error.message.includes('hunter2'))
        return true
      },
    )
  })

  test('a secret may come in a file', () => {
    const url = 'postgres://u@h/d'
    assert.equal(readConfig({ DATABASE_URL_FILE: '/run/secret' }, () => `${url}\n`).databaseUrl, url)
    assert.throws(() => readConfig({ DATABASE_URL_FILE: '/run/secret', DATABASE_URL: url }, () => url), /both set/)
    const missing = (): string => {
      throw new Error('ENOENT')
    }
    assert.throws(() => readConfig({ DATABASE_URL_FILE: '/run/secret' }, missing), /cannot be read/)
    assert.throws(() => readConfig({ DATABASE_URL_FILE: '/run/secret' }, () => '\n'), /a file that is empty/)
  })

  test('the embedded database belongs to one process', () => {
    assert.throws(() => readConfig({ ZEGO_ROLE: 'project' }), /needs DATABASE_URL/)
  })
})
