import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { instantOfEpochSeconds } from '../../src/domain/instant.ts'
import { judgeSignature, signLink } from '../../src/domain/signed-link.ts'
import { runs } from '../support/properties.ts'

const NOW = instantOfEpochSeconds(1_800_000_000)
const LINK = [
  { name: 'work_provider', value: 'Courier Ltd' },
  { name: 'email', value: 'driver@example.com' },
  { name: 'wp_id', value: '1686' },
  { name: 'exp', value: '1800000001' },
]
const signed = (parameters: typeof LINK, secret: string) => [
  ...parameters,
  { name: 'sig', value: signLink(parameters, secret) },
]

describe('a signed link', () => {
  it('is signed over the sorted name=value lines, as the contract of links says', () => {
    const lines = 'email=driver@example.com\nexp=1800000001\nwork_provider=Courier Ltd\nwp_id=1686'
    assert.equal(signLink(LINK, 's3cret'), createHmac('sha256', 's3cret').update(lines).digest('hex'))
  })

  it('is good by any live secret, whatever the order of its parameters and the case of its hex', () => {
    const parameters = signed(LINK, 'second')
    assert.equal(judgeSignature(parameters, ['first', 'second'], NOW), 'good')
    assert.equal(judgeSignature(parameters.toReversed(), ['second'], NOW), 'good')
    const upper = parameters.map((one) => (one.name === 'sig' ? { ...one, value: one.value.toUpperCase() } : one))
    assert.equal(judgeSignature(upper, ['second'], NOW), 'good')
  })

  it('is bad by no live secret, by another, without exp, or with a parameter given twice', () => {
    assert.equal(judgeSignature(signed(LINK, 'a'), [], NOW), 'bad')
    assert.equal(judgeSignature(signed(LINK, 'a'), ['b'], NOW), 'bad')
    const eternal = LINK.filter((one) => one.name !== 'exp')
    assert.equal(judgeSignature(signed(eternal, 'a'), ['a'], NOW), 'bad')
    const twice = [...LINK, { name: 'wp_id', value: '1686' }]
    assert.equal(judgeSignature(signed(twice, 'a'), ['a'], NOW), 'bad')
  })

  it('is expired from exp on', () => {
    assert.equal(judgeSignature(signed(LINK, 'a'), ['a'], instantOfEpochSeconds(1_800_000_001)), 'expired')
  })

  it('is unsigned without sig', () => {
    assert.equal(judgeSignature(LINK, ['a'], NOW), 'unsigned')
  })

  it('holds for no change of any parameter, nor for one that moves text between parameters', () => {
    const text = fc.string({ minLength: 0, maxLength: 8 })
    fc.assert(
      fc.property(
        fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
        fc.array(text),
        text,
        (names, values, other) => {
          const parameters = [
            ...names
              .filter((name) => !['sig', 'exp'].includes(name))
              .map((name, index) => ({ name, value: values[index] ?? '' })),
            { name: 'exp', value: '1800000001' },
          ]
          const [first, ...rest] = signed(parameters, 'a')
          const changed = [{ name: first!.name, value: other }, ...rest]
          const same = first!.value === other
          assert.ok(same || judgeSignature(changed, ['a'], NOW) === 'bad')
          const moved = [{ name: `${first!.name}=${first!.value}\n${other}`, value: '' }, ...rest]
          assert.equal(judgeSignature(moved, ['a'], NOW), 'bad')
        },
      ),
      runs(500),
    )
  })
})
