import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openReadiness } from '../../src/app/readiness.ts'
import { Refusal } from '../../src/domain/errors.ts'
import { openProxy, placeOf, throughPort } from '../faults/proxy.ts'
import { contextOn, TEST_DATABASE_URL } from '../support/stores.ts'

const QUESTIONS = 30
const skip = TEST_DATABASE_URL === undefined && 'TEST_DATABASE_URL is not set: it needs a database server'

test('however many ask whether a database that hangs is ready, one connection is used up', { skip }, async () => {
  const proxy = await openProxy(0, placeOf(TEST_DATABASE_URL!))
  const { context, close } = contextOn({ url: throughPort(TEST_DATABASE_URL!, proxy.port) })
  try {
    const ready = openReadiness(context)
    await ready()
    proxy.setWeather({ kind: 'silent' })
    const answers = await Promise.allSettled(Array.from({ length: QUESTIONS }, () => ready()))
    assert.ok(answers.every((one) => one.status === 'rejected' && one.reason instanceof Refusal))
    assert.equal(proxy.made(), 1)
  } finally {
    await proxy.close()
    await close()
  }
})
