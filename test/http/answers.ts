import assert from 'node:assert/strict'
import { createCustomer } from '../../src/app/customers.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { createLink } from '../../src/app/links.ts'
import { fromTemporal, type Instant } from '../../src/domain/instant.ts'
import type { Api, RawAnswer } from '../support/api.ts'

/** The bytes are written out here, never taken from the program: they are the contract. */
export const PENDING = '{"status":"PENDING"}'
export const DEPRECATED = { deprecation: '@1534118400' }

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const SPOKEN_OF = [
  'content-type',
  'request-id',
  'location',
  'zego-error-detail',
  'deprecation',
  'allow',
  'retry-after',
] as const

type Headers = Record<string, string>

/** Those that every answer closes itself off with, whatever it is. */
function assertClosed({ headers }: RawAnswer): void {
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(headers.get('cache-control'), 'no-store')
}

/**
 * The headers that product.md speaks of, as they came; the Request-Id, once seen to be a UUIDv7, is `<id>`. What is on
 * every answer is looked for, too.
 */
export function spokenHeaders(answer: RawAnswer): Headers {
  assertClosed(answer)
  const id = answer.headers.get('request-id')
  assert.match(id ?? 'no Request-Id', UUID_V7)
  return Object.fromEntries(
    SPOKEN_OF.flatMap((name) => {
      const value = answer.headers.get(name)
      return value === undefined ? [] : [[name, value.replaceAll(id!, '<id>')]]
    }),
  )
}

/** Status, bytes and headers are these and no others. */
export function assertAnswer(answer: RawAnswer, status: number, body: string, headers: Headers): void {
  assert.deepEqual(
    { status: answer.status, body: answer.body, headers: spokenHeaders(answer) },
    { status, body, headers: { 'request-id': '<id>', ...headers } },
  )
}

export function assertAccepted(answer: RawAnswer, extra: Headers = {}): void {
  assertAnswer(answer, 202, PENDING, {
    'content-type': 'application/json',
    location: '/v1/requests/<id>',
    ...extra,
  })
}

export function assertServed(answer: RawAnswer, body: string, extra: Headers = {}): void {
  assertAnswer(answer, 200, body, { 'content-type': 'application/json', ...extra })
}

/** Refused in the contract's form: `{"error":...}` and nothing more, with a detail in printable ASCII beside it. */
export function assertRefused(answer: RawAnswer, status: number, error: string, extra: Headers = {}): void {
  const { 'zego-error-detail': detail, ...headers } = spokenHeaders(answer)
  assert.deepEqual(
    { status: answer.status, body: answer.body, headers },
    {
      status,
      body: `{"error":"${error}"}`,
      headers: { 'request-id': '<id>', 'content-type': 'application/json', ...extra },
    },
  )
  assert.match(detail ?? 'no Zego-Error-Detail\n', /^[ -~]+$/)
}

export type Item = {
  index: number
  kind: string
  at: string
  outcome: string
  shift: { startedAt: string; endedAt: string | null } | null
  duplicateOf: string | null
}
export type RequestState = { id: string; receivedAt: string; items: Item[]; next: string | null }

export function idOf(accepted: RawAnswer): string {
  return accepted.headers.get('request-id')!
}

/** What `GET /v1/requests/<id>` says of an accepted request. */
export async function readBack(api: Api, accepted: RawAnswer): Promise<RequestState> {
  assert.equal(accepted.status, 202, accepted.body)
  const answer = await api.request('GET', accepted.headers.get('location')!)
  assert.equal(answer.status, 200, answer.body)
  return JSON.parse(answer.body) as RequestState
}

export async function readFirstItem(api: Api, accepted: RawAnswer): Promise<Item> {
  return (await readBack(api, accepted)).items[0]!
}

/** A report as a client writes it. */
export function report(identity: Record<string, unknown>, timestamp: unknown = '2025-07-06T10:00:00Z'): string {
  return JSON.stringify({ ...identity, timestamp })
}

export function postShift(
  api: Api,
  kind: 'login' | 'logout',
  workProviderUserId: string,
  at?: string,
): Promise<RawAnswer> {
  return api.request('POST', `/v1/shift/${kind}`, { body: report({ workProviderUserId }, at) })
}

export function at(text: string): Instant {
  return fromTemporal(Temporal.Instant.from(text))
}

export const LONG_AGO = at('2020-01-01T00:00:00Z')

type Person = {
  customerNumber: string
  workProviderUserId?: string
  workProvider?: string
  /** Null: linked without consent. */
  consentedAt?: Instant | null
  isInsured?: boolean
}

/** A customer with a link, and with a policy of the plainest kind when insured. */
export async function addLinked(api: Api, person: Person): Promise<void> {
  const { customerNumber, workProviderUserId, workProvider = 'Courier Ltd', consentedAt = LONG_AGO } = person
  await createCustomer(api.context, { customerNumber, email: `${customerNumber}@example.com` })
  await createLink(api.context, {
    workProvider,
    customerNumber,
    workProviderUserId,
    ...(consentedAt === null ? {} : { consentedAt }),
  })
  if (person.isInsured === true) {
    await createPolicy(api.context, { customerNumber, classOfUse: 'Courier', coverLevel: 'TPO', from: LONG_AGO })
  }
}

/** Stops the clock by which the API judges what clients send; `goOn` moves it. */
export function holdClock(api: Api): { goOn(microseconds: number): void; now(): Instant } {
  let now = api.context.now()
  Object.assign(api.context, { now: () => now })
  return {
    goOn(microseconds) {
      now = (now + microseconds) as Instant
    },
    now: () => now,
  }
}
