import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ENTRIES_A_PAGE, FEED_KEPT_DAYS } from '../../src/app/feed.ts'
import { ANSWER_MS, MAX_ANSWER_BYTES } from '../../src/app/outgoing.ts'
import { MAX_ENDPOINTS, MAX_SECRET_OVERLAP_HOURS, SECRET_OVERLAP_HOURS } from '../../src/app/webhooks.ts'
import { BadConfiguration, readConfig } from '../../src/config.ts'
import { LIMITS, type Limits } from '../../src/domain/limits.ts'
import { MAX_URL_CHARACTERS, RETRY_SECONDS, WEBHOOK_SECRET_BYTES } from '../../src/domain/webhook.ts'

describe('limits', () => {
  test('are each in docs/limits.md, with default, range and unit', () => {
    const text = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
    const number = (value: number): string => value.toLocaleString('en-GB')
    for (const { variable, standard, min, max, what } of Object.values(LIMITS)) {
      const line = `| \`${variable}\` | ${number(standard)} | ${number(min)} to ${number(max)} | ${what} |`
      assert.ok(text.includes(`${line}\n`), `docs/limits.md lacks: ${line}`)
    }
  })

  test('of what work providers are told are in docs/limits.md as the program has them', () => {
    const text = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
    const number = (value: number): string => value.toLocaleString('en-GB')
    const hours = Math.round(RETRY_SECONDS.reduce((sum, seconds) => sum + seconds, 0) / 3_600)
    for (const row of [
      `| page of \`GET /v1/feed\` | ${number(ENTRIES_A_PAGE)} entries |`,
      `are kept | ${FEED_KEPT_DAYS} days |`,
      `| addresses for webhooks of a work provider | ${MAX_ENDPOINTS} |`,
      `| such an address | ${number(MAX_URL_CHARACTERS)} characters |`,
      `| secret | ${WEBHOOK_SECRET_BYTES} random bytes |`,
      `| overlap of two secrets | ${MAX_SECRET_OVERLAP_HOURS} hours | ${SECRET_OVERLAP_HOURS} where nothing is said |`,
      `| a try | ${ANSWER_MS / 1_000} s |`,
      `| answer that is read | ${MAX_ANSWER_BYTES / 1024} KiB |`,
      `| tries | ${RETRY_SECONDS.length + 1} in ${hours} hours |`,
    ]) {
      assert.ok(text.includes(row), `docs/limits.md lacks: ${row}`)
    }
  })

  test('are each set by the environment, and out of range refused', () => {
    for (const [name, { variable, min, max }] of Object.entries(LIMITS)) {
      const roomy = { HEADERS_TIMEOUT_MS: '100', REQUEST_TIMEOUT_MS: '3600000' }
      for (const value of [min, max]) {
        const { limits } = readConfig({ ...roomy, [variable]: String(value), ...pair(variable, value) })
        assert.equal(limits[name as keyof Limits], value, variable)
      }
      for (const value of [String(min - 1), String(max + 1), 'many', '1.5', '-1']) {
        assert.throws(
          () => readConfig({ ...roomy, [variable]: value }),
          (error) =>
            error instanceof BadConfiguration && error.problems[0]!.startsWith(`${variable} is not a whole number`),
          `${variable}=${value}`,
        )
      }
    }
  })

  test('of the headers may not be longer than of the whole request', () => {
    const environment = { HEADERS_TIMEOUT_MS: '2000', REQUEST_TIMEOUT_MS: '1000' }
    assert.throws(() => readConfig(environment), /HEADERS_TIMEOUT_MS is longer than REQUEST_TIMEOUT_MS/)
  })
})

/** The other of the two times that depend on each other. */
function pair(variable: string, value: number): Record<string, string> {
  if (variable === 'HEADERS_TIMEOUT_MS') return { REQUEST_TIMEOUT_MS: String(Math.max(value, 100)) }
  return variable === 'REQUEST_TIMEOUT_MS' ? { HEADERS_TIMEOUT_MS: '100' } : {}
}
