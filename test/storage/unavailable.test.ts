import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isUnavailable } from '../../src/storage/database.ts'

/* Errors as the driver gives them. What passes is answered 503: the caller comes again; all else is a fault of the program. */

function errorOf(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code })
}

describe('an error of the database', () => {
  const passing: [string, Error][] = [
    ['a refused connection', errorOf('connect ECONNREFUSED 127.0.0.1:5432', 'ECONNREFUSED')],
    ['a connection that ended', errorOf('Connection terminated unexpectedly')],
    ['a server that stops', errorOf('terminating connection due to administrator command', '57P01')],
    ['a full disk', errorOf('could not extend file: No space left on device', '53100')],
    ['a deadlock', errorOf('deadlock detected', '40P01')],
    ['a worker of Citus that is gone', errorOf('connection to the remote node failed', '08006')],
    [
      'one that goes in the middle of a statement',
      errorOf('failure on connection marked as essential: db-2.example.com:5432', 'XX000'),
    ],
  ]
  for (const [name, error] of passing) it(`passes: ${name}`, () => assert.equal(isUnavailable(error), true))

  const lasting: [string, unknown][] = [
    ['a wrong statement', errorOf('column "x" does not exist', '42703')],
    ['a broken rule', errorOf('duplicate key value violates unique constraint', '23505')],
    ['another internal error', errorOf('cache lookup failed for type 0', 'XX000')],
    ['no error', 'Connection terminated'],
  ]
  for (const [name, error] of lasting) it(`lasts: ${name}`, () => assert.equal(isUnavailable(error), false))
})
