import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../src/app/context.ts'
import { type Instant, MICROSECONDS_PER_MINUTE, plus } from '../src/domain/instant.ts'
import { customerNumberOf } from './load/job.ts'
import { hasShift } from './statements.ts'

/*
 * How long it takes from the 202 of a login to its shift in the database: asked every few milliseconds, for couriers
 * whom nobody else reports.
 */
const POLL_MS = 4
const PAUSE_MS = 40
const PATIENCE_MS = 30_000

export type Probed = {
  readonly context: Context
  readonly port: number
  readonly key: string
  readonly workProviderId: string
}

/** Milliseconds of each of `count` probes. */
export async function probe(probed: Probed, firstCourier: number, count: number): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    times.push(await probeOnce(probed, customerNumberOf(firstCourier + index)))
    await delay(PAUSE_MS)
  }
  return times
}

async function probeOnce({ context, port, key, workProviderId }: Probed, customerNumber: string): Promise<number> {
  const at = wholeMilliseconds(plus(context.now(), -MICROSECONDS_PER_MINUTE))
  const status = await post(port, key, { customerNumber, timestamp: new Date(at / 1000).toISOString() })
  if (status !== 202) throw new Error(`a probe was answered ${status}`)
  const accepted = performance.now()
  while (!(await hasShift(context, workProviderId, customerNumber, at))) {
    if (performance.now() - accepted > PATIENCE_MS) throw new Error('a probe never became a shift')
    await delay(POLL_MS)
  }
  return performance.now() - accepted
}

function wholeMilliseconds(instant: Instant): Instant {
  return (Math.floor(instant / 1000) * 1000) as Instant
}

function post(port: number, key: string, body: unknown): Promise<number> {
  return new Promise((resolve, reject) => {
    const sending = request({
      port,
      host: '127.0.0.1',
      path: '/v1/shift/login',
      method: 'POST',
      headers: { Authorization: key },
    })
    sending.on('error', reject)
    sending.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
    sending.end(JSON.stringify(body))
  })
}
