import type { EventKind } from '../../domain/shift-event.ts'
import { LIMITS } from '../../domain/limits.ts'
import { type Part, refusals } from './responses.ts'

/* What work providers tell. */

/** Body examples; each is taken as it stands. */
const LOGIN = { workProviderUserId: '1686', timestamp: '2025-07-06T18:00:00+00:00' }
const BY_NUMBER = { customerNumber: 'ABC123', timestamp: '2025-07-06T18:00:00.123456Z' }
const EXAMPLES = {
  shift: { byUserId: { value: LOGIN }, byCustomerNumber: { value: BY_NUMBER } },
  batch: { two: { value: [LOGIN, { ...LOGIN, workProviderUserId: '8545' }] }, none: { value: [] } },
  match: {
    matched: { value: { customerNumber: 'ABC123', success: true } },
    failed: { value: { customerNumber: 'ABC123', success: false } },
  },
}

export function shiftOperation(kind: EventKind): Part {
  const isLogin = kind === 'login'
  return posted(`shift-${kind}`, 'Shifts', {
    summary: isLogin ? 'A courier starts work' : 'A courier stops work',
    description:
      `Tells that one courier ${isLogin ? 'started' : 'stopped'} at an instant. Reports may come late, twice and in any ` +
      'order: a shift is worked out from all of them, by the instants that they speak of. Someone whom nobody knows ' +
      'is no error: the report is kept, and counts as soon as they are linked.',
    schema: 'Report',
    examples: EXAMPLES.shift,
    refused: ['INVALID_DATA', 'TOO_LARGE'],
  })
}

export function batchOperation(kind: EventKind): Part {
  return posted(`batch-${kind}`, 'Shifts', {
    summary: kind === 'login' ? 'Many couriers start work' : 'Many couriers stop work',
    description:
      `As \`/v1/shift/${kind}\`, for up to ${LIMITS.batchItems.standard} couriers at once. All items are stored, or none: one that is ` +
      'wrong refuses them all. An empty batch is accepted and has no `Location`.',
    schema: 'Batch',
    examples: EXAMPLES.batch,
    refused: ['INVALID_DATA', 'TOO_LARGE'],
  })
}

export function matchOperation(operationId: string): Part {
  return posted(operationId, 'Customers', {
    summary: 'You recognise a customer, or do not',
    description:
      'Tells that the customer is a courier of yours and shifts will follow, or that you know nobody like that. All that ' +
      'you tell is kept; what you told last is what is shown. A failed match takes no cover away by itself.',
    schema: 'Match',
    examples: EXAMPLES.match,
    refused: ['INVALID_DATA', 'TOO_LARGE'],
  })
}

type Posted = {
  readonly summary: string
  readonly description: string
  readonly schema: string
  readonly examples: Part
  readonly refused: Parameters<typeof refusals>[0]
}

function posted(operationId: string, tag: string, { summary, description, schema, examples, refused }: Posted): Part {
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    requestBody: {
      required: true,
      description: 'JSON in UTF-8, whatever the Content-Type says; not compressed.',
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` }, examples } },
    },
    responses: { '202': { $ref: '#/components/responses/Accepted' }, ...refusals(refused, { isKeyed: true }) },
  }
}
