import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Identity, parseCustomerNumber, parseIdentity, sliceOf } from '../../src/domain/identity.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { eventId, locateEvent, type ShiftEvent } from '../../src/domain/shift-event.ts'
import { runs } from '../support/properties.ts'

const identities: fc.Arbitrary<Identity> = fc.record({
  workProviderId: fc.uuid(),
  kind: fc.constantFrom('customer_number' as const, 'user_id' as const),
  text: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }),
})
const events: fc.Arbitrary<ShiftEvent> = fc.record({
  identity: identities,
  kind: fc.constantFrom('login' as const, 'logout' as const),
  at: fc.integer({ min: Date.UTC(2015, 0, 16) * 1000, max: Date.UTC(2100, 0, 1) * 1000 }).map((at) => at as Instant),
})

describe('identities', () => {
  test('the slice of an identity is fixed for ever', () => {
    const workProviderId = '01900000-0000-7000-8000-000000000000'
    assert.equal(sliceOf({ workProviderId, kind: 'user_id', text: '1686' }), 34)
    assert.equal(sliceOf({ workProviderId, kind: 'customer_number', text: '1686' }), 57)
    assert.equal(sliceOf({ workProviderId, kind: 'user_id', text: 'Zoë 🛵' }), 16)
  })

  test('slices are spread evenly', () => {
    const counts = Array.from({ length: 64 }, () => 0)
    for (let i = 0; i < 64_000; i++) {
      counts[sliceOf({ workProviderId: '01900000-0000-7000-8000-000000000000', kind: 'user_id', text: String(i) })]!++
    }
    assert.ok(Math.min(...counts) > 800 && Math.max(...counts) < 1_200, String(counts))
  })

  test('customer numbers are compared without case, user ids byte for byte', () => {
    assert.equal(parseCustomerNumber('abC12'), 'ABC12')
    assert.deepEqual(parseIdentity('user_id', 'abC12'), { identity: { kind: 'user_id', text: 'abC12' } })
    const [composed, decomposed] = ['\u00e9', 'e\u0301']
    assert.notDeepEqual(parseIdentity('user_id', composed!), parseIdentity('user_id', decomposed!))
  })

  for (const text of ['', 'A-1', 'Ä1', ' A1', 'A1\n', 'A'.repeat(256), '\u0131', 'A\0']) {
    test(`${JSON.stringify(text.slice(0, 10))} is nobody's customer number`, () =>
      assert.equal(parseCustomerNumber(text), null))
  }

  test('a user id has 1 to 255 characters, however many bytes each takes', () => {
    assert.ok('identity' in parseIdentity('user_id', '🛵'.repeat(255)))
    assert.ok('problem' in parseIdentity('user_id', '🛵'.repeat(256)))
    assert.ok('problem' in parseIdentity('user_id', ''))
  })
})

describe('the id of an event', () => {
  test('says where the event is', () => {
    fc.assert(
      fc.property(events, (event) => {
        const place = locateEvent(eventId(event))
        assert.ok(place !== null)
        assert.equal(place.slice, sliceOf(event.identity))
        assert.ok(place.from <= event.at && event.at < place.to)
      }),
      runs(1_000),
    )
  })

  test('differs for any two events, and sorts by time', () => {
    fc.assert(
      fc.property(events, events, (a, b) => {
        const isSame = JSON.stringify(a) === JSON.stringify(b)
        assert.equal(eventId(a) === eventId(b), isSame)
        if (b.at - a.at >= 1_000) assert.ok(eventId(a) < eventId(b))
      }),
      runs(1_000),
    )
  })

  test('no other text is one', () => {
    for (const text of ['', 'x', '01a2090b-d0b8-74d5-8cec-bc52ad1bfe44', '01a2090b-d0b8-84d5-0cec-bc52ad1bfe44']) {
      assert.equal(locateEvent(text), null)
    }
  })
})
