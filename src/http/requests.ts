import { readRequest, type RequestAnswer } from '../app/requests.ts'
import { withinTime } from '../app/time-limit.ts'
import { Refusal } from '../domain/errors.ts'
import { formatInstant } from '../domain/instant.ts'
import { parseQuery } from '../domain/query.ts'
import type { ShiftAt } from '../domain/shift-engine.ts'
import type { Resource } from './exchange.ts'
import { reply } from './replies.ts'

export const REQUESTS_PATH = '/v1/requests'

/** GET /v1/requests/<id>: what became of a request; a page of items begins where `from` says. */
export const getRequest: Resource = async (exchange) => {
  const { services, caller } = exchange
  const requestId = exchange.path.slice(REQUESTS_PATH.length + 1).toLowerCase()
  const from = fromItem(exchange.query)
  const answer = await withinTime(readRequest(services.context, caller.workProviderId, requestId, from))
  if (answer === null) throw new Refusal('NOT_FOUND', 'there is no such request of this work provider')
  return reply(exchange, 200, JSON.stringify(answerToWire(answer)))
}

function fromItem(query: string): number {
  const given = parseQuery(query).filter((pair) => pair.name === 'from')
  const [pair] = given
  if (pair === undefined) return 0
  if (given.length > 1 || pair.value === null || !/^\d{1,5}$/.test(pair.value)) {
    throw new Refusal('INVALID_DATA', 'from is not the index of an item')
  }
  return Number(pair.value)
}

function answerToWire(answer: RequestAnswer): unknown {
  const { id } = answer
  const receivedAt = formatInstant(answer.receivedAt)
  if ('match' in answer) return { id, receivedAt, match: answer.match }
  const items = answer.items.map(({ index, kind, at, outcome, shift, duplicateOf }) => ({
    index,
    kind,
    at: formatInstant(at),
    outcome,
    shift: shift === null ? null : shiftToWire(shift),
    duplicateOf,
  }))
  return {
    id,
    receivedAt,
    items,
    next: answer.nextItem === null ? null : `${REQUESTS_PATH}/${id}?from=${answer.nextItem}`,
  }
}

function shiftToWire({ startedAt, endedAt, capAt, endReason }: ShiftAt): unknown {
  return {
    startedAt: formatInstant(startedAt),
    endedAt: endedAt === null ? null : formatInstant(endedAt),
    capAt: formatInstant(capAt),
    endReason,
  }
}
