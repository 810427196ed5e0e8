import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newCustomerNumber } from '../../src/domain/customer.ts'
import { parseCustomerNumber } from '../../src/domain/identity.ts'
import { isTestEmail, isTestNumber, TEST_TABLE } from '../../src/domain/sandbox.ts'
import { TABLE } from '../support/sandbox-table.ts'

test('the people of the sandbox are those of its documents', () => {
  assert.deepEqual(
    TEST_TABLE.map(({ customerNumber, userId, email }) => ({ customerNumber, userId, email })),
    TABLE.map(({ customerNumber, userId, email }) => ({ customerNumber, userId, email })),
  )
})

test('a number that is made up is none of the sandbox’s, whatever chance gives', () => {
  const letters = new Set(Array.from({ length: 256 }, (_, byte) => newCustomerNumber(new Uint8Array(8).fill(byte))[0]!))
  for (const { customerNumber } of TABLE) {
    assert.equal(
      parseCustomerNumber(customerNumber.toLowerCase()),
      customerNumber,
      'it can be a customer number at all',
    )
    assert.ok(isTestNumber(customerNumber))
    assert.ok([...customerNumber].some((letter) => !letters.has(letter)))
  }
})

test('an address of the sandbox is one however it is written; one beside it is not', () => {
  for (const { email } of TABLE) {
    if (email === null) continue
    assert.ok(isTestEmail(email) && isTestEmail(` ${email.toUpperCase()} `))
    assert.ok(!isTestEmail(`x${email}`) && !isTestEmail(email.replace('.com', '.org')))
  }
  assert.ok(!isTestNumber('TESTENABLED1') && !isTestNumber('TEST'))
})
