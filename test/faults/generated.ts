import fc from 'fast-check'
import { createKey, revokeKey } from '../../src/app/api-keys.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { instantOfEpochSeconds } from '../../src/domain/instant.ts'
import { EXAMPLE_ID } from '../../src/http/openapi/responses.ts'
import type { RawAnswer } from '../support/api.ts'
import { type Caller, type GeneratedRequest, generatedRequest } from '../support/generated-requests.ts'
import { answersTo, DOCUMENT, fits, type Operation, pathOf, pointerTo } from '../support/openapi.ts'
import { problemsOf } from '../support/openapi-answers.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { openSite, type TestSite } from '../support/site.ts'

/* B8: requests made up from the API's own description, sent to the real server, and each answer held against it. */

export const FIXED_SEED = 20_251_125
const CONNECTIONS = 32
const MAX_PROBLEMS = 20
const EXAMPLE_REQUEST = `/v1/requests/${EXAMPLE_ID}`
const UNLIMITED = { requestsPerSecond: 1e9, eventsPerSecond: 1e9 }

export type GeneratedResult = {
  readonly sent: number
  readonly byStatus: Readonly<Record<string, number>>
  readonly connections: number
  readonly problems: readonly string[]
}

type Keys = { readonly live: string; readonly retiring: string; isRetired: boolean }

/** Sends so many requests of a seed, half of them before a key is revoked and half after. */
export async function runGenerated(seed: number, count: number): Promise<GeneratedResult> {
  const site = await openSite('embedded', UNLIMITED)
  try {
    await addPeople(site)
    const { id, key: retiring } = await createKey(site.context, 'Courier Ltd')
    const keys: Keys = { live: site.key, retiring, isRetired: false }
    const requests = fc.sample(generatedRequest, { seed, numRuns: count })
    const run = new Run(Number(new URL(site.url).port), keys)
    await run.sendAll(requests.slice(0, count / 2))
    await revokeKey(site.context, id)
    keys.isRetired = true
    await run.sendAll(requests.slice(count / 2))
    await run.assertServing()
    return run.result()
  } finally {
    await site.close()
  }
}

/** Somebody who is insured and somebody who is not, so that every answer can be given. */
async function addPeople({ context }: TestSite): Promise<void> {
  const from = instantOfEpochSeconds(1_577_836_800)
  for (const [customerNumber, workProviderUserId, email] of [
    ['ABC123', '1686', 'driver@example.com'],
    ['DIS1', '8545', 'other@example.com'],
  ] as const) {
    await createCustomer(context, { customerNumber, email })
    await createLink(context, { workProvider: 'Courier Ltd', customerNumber, workProviderUserId, consentedAt: from })
  }
  await createPolicy(context, { customerNumber: 'ABC123', classOfUse: 'Courier', coverLevel: 'TPO', from })
}

class Run {
  readonly #connections: readonly RawConnection[]
  readonly #keys: Keys
  readonly #byStatus = new Map<number, number>()
  readonly #problems: string[] = []
  /** Requests that were accepted, to be read by later ones. */
  #lastAccepted: string | null = null

  constructor(port: number, keys: Keys) {
    this.#connections = Array.from({ length: CONNECTIONS }, () => new RawConnection(port))
    this.#keys = keys
  }

  async sendAll(requests: readonly GeneratedRequest[]): Promise<void> {
    const waiting = requests.values()
    await Promise.all(
      this.#connections.map(async (connection) => {
        for (const request of waiting) await this.#send(connection, request)
        connection.close()
      }),
    )
  }

  async assertServing(): Promise<void> {
    const body = Buffer.from('{"workProviderUserId":"1686","timestamp":"2025-07-06T10:00:00Z"}')
    const common = { caller: 'live', headers: [], isSound: true, isHttp: true } as const
    const last: readonly GeneratedRequest[] = [
      { ...common, method: 'POST', target: '/v1/shift/login', body },
      { ...common, method: 'GET', target: '/v1/status?customerNumber=ABC123', body: null },
      { ...common, method: 'GET', target: this.#lastAccepted ?? 'nothing was accepted', body: null },
      { ...common, method: 'GET', target: '/readyz', body: null },
    ]
    const before = this.#byStatus.get(200) ?? 0
    await this.sendAll(last)
    if (this.#byStatus.get(200) !== before + 3) this.#problems.push('the server does not serve any more')
  }

  result(): GeneratedResult {
    const statuses = [...this.#byStatus].sort(([a], [b]) => a - b)
    return {
      sent: statuses.reduce((sum, [, count]) => sum + count, 0),
      byStatus: Object.fromEntries(statuses.map(([status, count]) => [String(status), count])),
      connections: this.#connections.reduce((sum, one) => sum + one.connections, 0),
      problems: this.#problems,
    }
  }

  async #send(connection: RawConnection, request: GeneratedRequest): Promise<void> {
    if (this.#problems.length >= MAX_PROBLEMS) return
    try {
      const answer = await connection.ask(bytesOf(request, this.#keys, this.#lastAccepted), {
        isHead: request.method === 'HEAD',
      })
      this.#byStatus.set(answer.status, (this.#byStatus.get(answer.status) ?? 0) + 1)
      if (answer.status === 202) this.#lastAccepted = answer.headers.get('location') ?? this.#lastAccepted
      const problems = await this.#problemsOf(request, answer)
      if (problems.length > 0) this.#problems.push(`${tell(request)}\n  ${answer.status} ${problems.join('; ')}`)
    } catch (error) {
      this.#problems.push(`${tell(request)}\n  ${String(error)}`)
    }
  }

  async #problemsOf(request: GeneratedRequest, answer: RawAnswer): Promise<string[]> {
    const { method, target, caller, isHttp, isSound } = request
    const problems = await problemsOf(method, target, answer, { isHttp })
    if (answer.status >= 500) problems.push('a fault of the server')
    const operation = operationOf(method, target)
    const isLive = ['live', 'bearer', ...(this.#keys.isRetired ? [] : ['retiring'])].includes(caller)
    const isKeyed = operation !== null && operation.security === undefined
    // A head that is too large is refused before anybody asks whose it is.
    const isRefusedAsStranger = isHttp ? answer.status === 401 || answer.status === 431 : answer.status >= 400
    if (isKeyed && !isLive && !isRefusedAsStranger) problems.push('it is not refused')
    const isRefused = answer.status >= 400 && !(method !== 'POST' && answer.status === 404)
    if (isSound && isRefused && (isLive || !isKeyed)) problems.push('it is refused, and by the document it is sound')
    if (operation !== null && answer.status === 202 && !(await isOfSchema(request))) {
      problems.push('it is taken, and by the document it is not')
    }
    return problems
  }
}

function operationOf(method: string, target: string): Operation | null {
  const path = pathOf(target)
  if (path === null || answersTo(method, target).statuses === null) return null
  return DOCUMENT.paths[path]![method === 'HEAD' ? 'get' : (method.toLowerCase() as 'get' | 'post')] ?? null
}

/** Whether the body that was taken is one by the document: read as the server says that it reads it. */
function isOfSchema({ target, body }: GeneratedRequest): Promise<boolean> {
  const pointer = pointerTo('paths', pathOf(target)!, 'post', 'requestBody', 'content', 'application/json', 'schema')
  return fits(pointer, JSON.parse(body!.toString('utf8').replace(/^\ufeff/, '')))
}

/** The example of a request id stands for one that was accepted. */
function bytesOf(request: GeneratedRequest, keys: Keys, lastAccepted: string | null): Buffer {
  const { method, caller, headers, body } = request
  const target = lastAccepted === null ? request.target : request.target.replace(EXAMPLE_REQUEST, lastAccepted)
  const host = headers.some((line) => line.startsWith('Host:')) ? [] : ['Host: localhost']
  const length =
    body === null || headers.some((line) => /^content-length/i.test(line)) ? [] : [`Content-Length: ${body.length}`]
  const lines = [`${method} ${target} HTTP/1.1`, ...host, ...authorization(caller, keys), ...length, ...headers, '', '']
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body ?? Buffer.alloc(0)])
}

function authorization(caller: Caller, { live, retiring }: Keys): string[] {
  return {
    live: [`Authorization: ${live}`],
    bearer: [`authorization: Bearer ${live}`],
    retiring: [`AUTHORIZATION:   ${retiring}  `],
    none: [],
    empty: ['Authorization:'],
    wrong: ['Authorization: zego_wrong'],
    twice: [`Authorization: ${live}`, `Authorization: ${live}`],
    odd: [`Authorization: ${live}\xe9`],
  }[caller]
}

/** What was sent, to be told in a failure. */
function tell({ method, target, caller, headers, body }: GeneratedRequest): string {
  const text = body === null ? '' : ` ${JSON.stringify(body.toString('utf8').slice(0, 300))}`
  return `${method} ${target.slice(0, 200)} by ${caller} ${JSON.stringify(headers).slice(0, 200)}${text}`
}
