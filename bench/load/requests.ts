import { customerNumberOf, type Traffic, userIdOf } from './job.ts'

/*
 * The bytes of requests. Couriers take turns: in even rounds each logs in, in odd ones each logs out, soon after.
 * Every report is a new event, at the end of its courier's history.
 */
const ROUND_MS = 2_000
const HISTORY_MS = 24 * 60 * 60 * 1000

/** Makes the next request. */
export type NextRequest = () => Buffer

export function requestsOf(traffic: Traffic, startMs: number): NextRequest {
  const turns = new Turns(traffic, startMs - HISTORY_MS)
  if (traffic.kind === 'status') {
    const ends = ` HTTP/1.1\r\nHost: bench\r\nAuthorization: ${traffic.key}\r\n\r\n`
    return () => Buffer.from(`GET /v1/user/status?${turns.nextQuery()}${ends}`, 'latin1')
  }
  const { items } = traffic
  const path = traffic.kind === 'batch' ? 'batch' : 'shift'
  return () => {
    const isLogin = turns.isLogin()
    const body =
      traffic.kind === 'report'
        ? turns.nextItem()
        : `[${Array.from({ length: items }, () => turns.nextItem()).join(',')}]`
    return Buffer.from(
      `POST /v1/${path}/${isLogin ? 'login' : 'logout'} HTTP/1.1\r\nHost: bench\r\nAuthorization: ${traffic.key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      'latin1',
    )
  }
}

/** Whose turn it is. `couriers` is a multiple of a batch's items, so that a batch is of one round. */
class Turns {
  readonly #traffic: Traffic
  readonly #baseMs: number
  #turn = 0

  constructor(traffic: Traffic, baseMs: number) {
    this.#traffic = traffic
    this.#baseMs = baseMs
  }

  isLogin(): boolean {
    return Math.floor(this.#turn / this.#traffic.couriers) % 2 === 0
  }

  nextItem(): string {
    const round = Math.floor(this.#turn / this.#traffic.couriers)
    const courier = this.#nextCourier()
    const at = new Date(this.#baseMs + round * ROUND_MS + (courier % 1000)).toISOString()
    const person =
      courier % 2 === 0
        ? `"customerNumber":"${customerNumberOf(courier)}"`
        : `"workProviderUserId":"${userIdOf(courier)}"`
    return `{${person},"timestamp":"${at}"}`
  }

  nextQuery(): string {
    const courier = this.#nextCourier()
    return courier % 2 === 0 ? `customerNumber=${customerNumberOf(courier)}` : `workProviderUserId=${userIdOf(courier)}`
  }

  #nextCourier(): number {
    const { firstCourier, couriers } = this.#traffic
    return firstCourier + (this.#turn++ % couriers)
  }
}
