import { LIMITS } from '../../domain/limits.ts'
import { IDENTITY_FIELDS } from '../parse.ts'
import { EXAMPLE_ID, headers, ok, type Part, refusals } from './responses.ts'

/* What work providers ask. */

const STATUS_EXAMPLES = {
  enabled: {
    value: {
      status: 'ENABLED',
      policyId: 'ABC123',
      customer_number: 'ABC123',
      cover_class_of_use: 'Carriage of Goods for Hire & Reward',
      cover_level: 'Third Party (TPO)',
      vehicle_registration: 'VY7 JC3',
    },
  },
  disabled: { value: { status: 'DISABLED', policyId: 'ABC123', customer_number: 'ABC123' } },
}

export function statusOperation(operationId: string): Part {
  return {
    operationId,
    tags: ['Customers'],
    summary: 'Whether a courier may be given work',
    description:
      '`ENABLED`: linked to you, and insured now for working for you. `DISABLED`: linked, and not insured. It speaks of ' +
      'eligibility, not of being on shift. Give exactly one of the four parameters, once, and not empty; others are ignored.',
    parameters: IDENTITY_FIELDS.map(({ name, kind, isDeprecated }) => ({
      name,
      in: 'query',
      ...(isDeprecated ? { deprecated: true } : {}),
      description: kind === 'customer_number' ? 'The customer number.' : 'Your own id for the person.',
      schema: { type: 'string', minLength: 1 },
      example: kind === 'customer_number' ? 'ABC123' : '1686',
    })),
    responses: {
      '200': ok('As it is now.', { $ref: '#/components/schemas/Status' }, STATUS_EXAMPLES),
      ...refusals(['INVALID_DATA', 'INVALID_CUSTOMER'], { isKeyed: true }),
    },
  }
}

const EMAIL: Part = {
  name: 'email',
  in: 'query',
  description:
    'Also asks whether this is the address of that customer; compared without case and without space around.',
  schema: { type: 'string' },
  example: 'driver@example.com',
}

export const VALIDATE: Part = {
  operationId: 'validate-customer-number',
  tags: ['Customers'],
  summary: 'Whether a customer number exists',
  description: 'Whether there is a customer with this number and, if one is given, with this e-mail address.',
  parameters: [
    {
      name: 'customerNumber',
      in: 'path',
      required: true,
      description: 'Anything may stand here; what is no customer number is one that nobody has.',
      schema: { type: 'string', minLength: 1 },
      example: 'ABC123',
    },
    EMAIL,
  ],
  responses: {
    '204': { description: 'There is, and it is.', headers: headers('Request-Id') },
    ...refusals(['INVALID_CUSTOMER', 'INVALID_CUSTOMER_EMAIL'], { isKeyed: true }),
  },
}

export const VALIDATE_NOTHING: Part = {
  operationId: 'validate-no-customer-number',
  tags: ['Customers'],
  summary: 'The same without a number',
  description: 'A number that is missing is one that nobody has.',
  responses: refusals(['INVALID_CUSTOMER'], { isKeyed: true }),
}

const ITEM_EXAMPLE = {
  index: 0,
  kind: 'login',
  at: '2025-07-06T18:00:00Z',
  outcome: 'opened',
  shift: { startedAt: '2025-07-06T18:00:00Z', endedAt: null, capAt: '2025-07-07T08:00:00Z', endReason: 'cap' },
  duplicateOf: null,
}
const RECEIVED = { id: EXAMPLE_ID, receivedAt: '2025-07-06T18:00:00.412345Z' }

export const READ_REQUEST: Part = {
  operationId: 'read-request',
  tags: ['Requests'],
  summary: 'What became of a report',
  description:
    'Worked out from everything known when it is read, so that it changes when other reports come. Any live key of the ' +
    'same work provider may read it.',
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      description: 'The `Request-Id` of an answer 202, in either case.',
      schema: { type: 'string', minLength: 1 },
      example: EXAMPLE_ID,
    },
    {
      name: 'from',
      in: 'query',
      description: `The index of the first item of a page of ${LIMITS.pageItems.standard}; \`next\` gives it.`,
      schema: { type: 'string', pattern: '^[0-9]{1,5}$' },
      example: '1000',
    },
  ],
  responses: {
    '200': ok(
      'As it stands now.',
      { $ref: '#/components/schemas/RequestState' },
      {
        shift: { value: { ...RECEIVED, items: [ITEM_EXAMPLE], next: null } },
        match: { value: { ...RECEIVED, match: { success: true, outcome: 'matched' } } },
      },
    ),
    ...refusals(['INVALID_DATA', 'NOT_FOUND'], { isKeyed: true }),
  },
}
