import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { addressOfCase, CASE_PATHS, caseAtAddress } from '../../src/web/staff/case-address.ts'
import {
  CASE_AGES,
  CASE_GROUPS,
  CASE_KINDS,
  type CaseAge,
  type CaseName,
  type CaseWord,
  formatAge,
  sinceOfAge,
  standingOf,
} from '../../src/domain/case.ts'
import { type Instant, MICROSECONDS_PER_HOUR, plus } from '../../src/domain/instant.ts'
import { runs } from '../support/properties.ts'

const NOW = 1_800_000_000_000_000 as Instant
const at = (hours: number): Instant => plus(NOW, hours * MICROSECONDS_PER_HOUR)
const said = (word: CaseWord['word'], hours: number) => ({ word, recordedAt: at(hours) })

describe('how a case stands', () => {
  it('is open until somebody says that it is done; notes change nothing', () => {
    assert.equal(standingOf([], NOW), 'open')
    assert.equal(standingOf([said('note', 1)], NOW), 'open')
    assert.equal(standingOf([said('note', 1), said('done', 2), said('note', 3)], NOW), 'done')
  })

  it('is open again when that is undone, and done again when it is said again', () => {
    assert.equal(standingOf([said('done', 1), said('undone', 2)], NOW), 'open again')
    assert.equal(standingOf([said('done', 1), said('undone', 2), said('done', 3)], NOW), 'done')
  })

  it('is open again when something happened after it was done', () => {
    assert.equal(standingOf([said('done', 1)], at(2)), 'open again')
    assert.equal(standingOf([said('done', 1), said('done', 3)], at(2)), 'done')
  })
})

describe('the age of a case', () => {
  it('falls into exactly one of the ages that are counted', () => {
    for (const hours of [0, 1, 23, 24, 25, 167, 168, 719, 720, 721, 9_000]) {
      const since = at(-hours)
      const ages = (Object.keys(CASE_AGES) as CaseAge[]).filter((age) => {
        const { after, until } = sinceOfAge(age, NOW)
        return (after === null || since > after) && (until === null || since <= until)
      })
      assert.equal(ages.length, 1, `${hours} hours: ${ages.join()}`)
    }
  })

  it('is told in hours, then in days', () => {
    assert.equal(formatAge(NOW, NOW), 'under 1 h')
    assert.equal(formatAge(at(1), NOW), 'under 1 h')
    assert.equal(formatAge(at(-47), NOW), '47 h')
    assert.equal(formatAge(at(-49), NOW), '2 days')
  })
})

describe('the kinds of cases', () => {
  it('are each in one group of the list', () => {
    assert.deepEqual(Object.values(CASE_GROUPS).flat().toSorted(), CASE_KINDS.toSorted())
  })
})

const workProviderId = '0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001'
const userId = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 255 }).filter((text) => !text.includes('\0')),
  fc.constantFrom(
    '.',
    '..',
    '~',
    '~.',
    '~~x',
    '...',
    '%2E',
    '%',
    '%%',
    '%zz',
    '/',
    '//',
    'a/../b',
    '?a=b#c',
    ' ',
    '+',
    '\\',
    '\n',
  ),
)
const number = fc.stringMatching(/^[A-Z0-9]{1,20}$/)
const names: fc.Arbitrary<CaseName> = fc.oneof(
  userId.map((about): CaseName => ({ kind: 'parked user id', workProviderId, about, claimant: '' })),
  fc
    .tuple(userId, number)
    .map(([about, claimant]): CaseName => ({ kind: 'conflicting claim', workProviderId, about, claimant })),
  fc
    .tuple(
      fc.constantFrom('parked customer number', 'failed match', 'unknown customer number', 'waiting for consent'),
      number,
    )
    .map(([kind, about]) => ({ kind, workProviderId, about, claimant: '' }) as CaseName),
)

describe('the address of a case', () => {
  it('leads back to the case, whatever text its id is, and as browsers read addresses', () => {
    fc.assert(
      fc.property(names, (name) => {
        const address = addressOfCase(name)
        const { pathname } = new URL(address, 'http://desk.example')
        const pattern = CASE_PATHS.find((one) => matched(one, pathname) !== null)
        assert.ok(pattern !== undefined, `${address} became ${pathname}`)
        assert.deepEqual(caseAtAddress(pathname, matched(pattern, pathname)!), name)
      }),
      runs(500),
    )
  })
})

/** What stands in a path where a pattern has names, as a router reads it. */
function matched(pattern: string, path: string): Record<string, string> | null {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return null
  const isSame = wanted.every((part, index) => part.startsWith(':') || part === given[index])
  if (!isSame) return null
  return Object.fromEntries(
    wanted.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), decodeURIComponent(given[index]!)]] : [])),
  )
}
