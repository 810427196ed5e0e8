import { CUSTOMER_NUMBER, MAX_IDENTITY_CHARACTERS } from '../../domain/identity.ts'
import { EARLIEST_INSTANT, formatInstant, MAX_AHEAD, MICROSECONDS_PER_HOUR, TIMESTAMPS } from '../../domain/instant.ts'
import { MATCH_OUTCOMES, OUTCOMES } from '../../domain/request-outcome.ts'
import { LIMITS } from '../../domain/limits.ts'
import { IDENTITY_FIELDS } from '../parse.ts'
import { REQUESTS_PATH } from '../requests.ts'
import { exactly, EXAMPLE_ID, type Part } from './responses.ts'

const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` })
const nullable = (schema: Part, more: Part = {}): Part => ({ anyOf: [schema, { type: 'null' }], ...more })

const KIND_SCHEMAS = { customer_number: 'CustomerNumber', user_id: 'WorkProviderUserId' } as const

/** The identity fields of a body; of them exactly one is given. A null counts as absent. */
function identityOf(fields: readonly (typeof IDENTITY_FIELDS)[number][]): Part {
  return Object.fromEntries(
    fields.map(({ name, kind, isDeprecated }) => [
      name,
      nullable(ref(KIND_SCHEMAS[kind]), isDeprecated ? { deprecated: true } : {}),
    ]),
  )
}

/** That exactly one of some fields is there and not null. */
function oneOf(fields: readonly { readonly name: string }[]): readonly Part[] {
  return fields.map(({ name }) => ({ required: [name], properties: { [name]: { not: { type: 'null' } } } }))
}

const NUMBER_FIELDS = IDENTITY_FIELDS.filter((field) => field.kind === 'customer_number')
const OTHER_FIELDS = IDENTITY_FIELDS.filter((field) => field.kind !== 'customer_number')

const REPORT: Part = {
  description:
    'One courier at one instant. Give exactly one of the identities; a null counts as absent. Other fields are ignored.',
  type: 'object',
  properties: { ...identityOf(IDENTITY_FIELDS), timestamp: ref('Timestamp') },
  required: ['timestamp'],
  oneOf: oneOf(IDENTITY_FIELDS),
}

const MATCH: Part = {
  description: 'Whether you recognise a customer. Only a customer number names one here; other fields are ignored.',
  type: 'object',
  properties: {
    ...identityOf(NUMBER_FIELDS),
    ...Object.fromEntries(OTHER_FIELDS.map(({ name }) => [name, { type: 'null' }])),
    success: {
      type: 'boolean',
      description: 'True: this is our courier, shifts will follow. False: we know nobody like that.',
    },
  },
  required: ['success'],
  oneOf: oneOf(NUMBER_FIELDS),
}

const TIMESTAMP: Part = {
  description:
    `When it happened: ISO 8601 with an offset, to the microsecond. From ${formatInstant(EARLIEST_INSTANT)} to ` +
    `${MAX_AHEAD / MICROSECONDS_PER_HOUR} h ahead of the server's clock; offsets up to ±18:00; only dates and times that ` +
    'exist (a leap second is taken as the second before). A space for the `T`, the basic form, a comma in the fraction, ' +
    'and no seconds are fine; a timestamp without an offset is refused. More than six decimals are cut.',
  type: 'string',
  anyOf: TIMESTAMPS.map(({ source }) => ({ pattern: source })),
  examples: ['2025-07-06T18:00:00Z', '2025-07-06T19:00:00.123456+01:00'],
}

const STATUS_FIELDS: Part = {
  policyId: { $ref: '#/components/schemas/CustomerNumber', deprecated: true },
  customer_number: ref('CustomerNumber'),
}
const COVER_FIELDS: Part = {
  cover_class_of_use: { type: 'string' },
  cover_level: { type: 'string' },
}

const ITEM: Part = exactly({
  index: { type: 'integer', minimum: 0, description: 'The place in the batch, from 0; of a single report 0.' },
  kind: { enum: ['login', 'logout'] },
  at: ref('Instant'),
  outcome: {
    enum: OUTCOMES,
    description:
      '`pending`: not worked out yet, or still ahead. `parked`: kept, but nobody you may see goes by this identity yet. ' +
      '`opened`, `closed`: it began or ended a shift. `repeat`: a login while a shift was open. `orphan`: a logout ' +
      'while none was. `empty`: login and logout at one instant.',
  },
  shift: nullable(ref('Shift'), { description: 'The shift that it opened or closed; else null.' }),
  duplicateOf: nullable(ref('RequestId'), {
    description: 'The request that told the same first; null if this one did. Telling it again changes nothing.',
  }),
})

/** What bodies are made of, by name. */
export const SCHEMAS: Part = {
  CustomerNumber: {
    description: 'The number that Zego gives each customer. Compared without case; always answered in upper case.',
    type: 'string',
    pattern: CUSTOMER_NUMBER.source,
    maxLength: MAX_IDENTITY_CHARACTERS,
    examples: ['ABC123'],
  },
  WorkProviderUserId: {
    description:
      'Your own id for the person: any text, kept and compared byte for byte. No NUL, no half of a surrogate pair.',
    type: 'string',
    minLength: 1,
    maxLength: MAX_IDENTITY_CHARACTERS,
    pattern: '^[^\\u0000\\p{Cs}]*$',
    examples: ['1686'],
  },
  Timestamp: TIMESTAMP,
  Report: REPORT,
  Batch: {
    description: 'Reports of many couriers. One that is wrong refuses them all, and `Zego-Error-Detail` says which.',
    type: 'array',
    items: ref('Report'),
    maxItems: LIMITS.batchItems.standard,
  },
  Match: MATCH,
  Status: {
    oneOf: [
      exactly({ status: { const: 'DISABLED' }, ...STATUS_FIELDS }),
      exactly({ status: { const: 'ENABLED' }, ...STATUS_FIELDS, ...COVER_FIELDS }),
      exactly({
        status: { const: 'ENABLED' },
        ...STATUS_FIELDS,
        ...COVER_FIELDS,
        vehicle_registration: { type: 'string' },
      }),
    ],
  },
  RequestState: {
    oneOf: [
      exactly({
        id: ref('RequestId'),
        receivedAt: ref('Instant'),
        items: { type: 'array', items: ref('RequestItem'), maxItems: LIMITS.pageItems.standard },
        next: nullable(
          { type: 'string', pattern: `^${REQUESTS_PATH}/[0-9a-f-]{36}\\?from=[0-9]+$` },
          { description: `Where the next ${LIMITS.pageItems.standard} items are; null on the last page.` },
        ),
      }),
      exactly({
        id: ref('RequestId'),
        receivedAt: ref('Instant'),
        match: exactly({
          success: { type: 'boolean' },
          outcome: {
            enum: MATCH_OUTCOMES,
            description:
              '`matched`: the customer is linked to you. `parked`: kept until they are. `failed`: you said so.',
          },
        }),
      }),
    ],
  },
  RequestItem: ITEM,
  Shift: {
    description: 'A shift as it stands now.',
    ...exactly({
      startedAt: ref('Instant'),
      endedAt: nullable(ref('Instant'), { description: 'The logout; null without one, also where the cap ended it.' }),
      capAt: { ...ref('Instant'), description: 'When it ends if no logout comes.' },
      endReason: { enum: ['logout', 'cap', null], description: 'By what it ended; null while it is open.' },
    }),
  },
  RequestId: {
    description: 'A UUID of version 7.',
    type: 'string',
    pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
    examples: [EXAMPLE_ID],
  },
  Instant: {
    description: 'In UTC; six decimals where the microseconds are not zero, else none.',
    type: 'string',
    pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{6})?Z$',
    examples: ['2025-07-06T18:00:00Z'],
  },
}
