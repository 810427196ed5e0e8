import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Instant } from '../../src/domain/instant.ts'
import { UUID_RANDOM_BYTES, uuidOfInstant } from '../../src/domain/uuid.ts'
import { runs } from '../support/properties.ts'

const random = fc.uint8Array({ minLength: UUID_RANDOM_BYTES, maxLength: UUID_RANDOM_BYTES })
const milliseconds = fc.integer({ min: 0, max: 2 ** 42 })

test('a UUID of an instant is one of version 7 that begins with its milliseconds', () => {
  fc.assert(
    fc.property(milliseconds, fc.nat(999), random, (ms, microseconds, bytes) => {
      const id = uuidOfInstant((ms * 1_000 + microseconds) as Instant, bytes)
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.equal(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16), ms)
    }),
    runs(200),
  )
})

test('UUIDs of one instant differ with the randomness', () => {
  const at = 1_800_000_000_000_000 as Instant
  const ids = Array.from({ length: 256 }, (_, byte) =>
    uuidOfInstant(
      at,
      Uint8Array.from({ length: 10 }, () => byte),
    ),
  )
  assert.equal(new Set(ids).size, 256)
})
