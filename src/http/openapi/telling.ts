import { ENTRIES_A_PAGE, FEED_KEPT_DAYS } from '../../app/feed.ts'
import { FEED_TYPES, type FeedType } from '../../domain/feed.ts'
import { exactly, ok, type Part, refusals } from './responses.ts'

/* What work providers are told. */

const ref = (name: string): Part => ({ $ref: `#/components/schemas/${name}` })
const orNull = (schema: Part): Part => ({ anyOf: [schema, { type: 'null' }] })

const PERSON: Part = {
  customerNumber: ref('CustomerNumber'),
  workProviderUserIds: { type: 'array', items: ref('WorkProviderUserId'), description: 'Your own ids for them.' },
}
const AT: Part = { at: ref('Instant') }
const SHIFT = exactly({
  startedAt: ref('Instant'),
  endedAt: orNull(ref('Instant')),
  endReason: { enum: ['logout', 'cap', null] },
})
const SHIFT_CHANGE: Part = {
  ...PERSON,
  shift: { ...orNull(SHIFT), description: 'As it is now; null where there is no such shift any more.' },
  before: { ...orNull(SHIFT), description: 'As you were told of it before; null of one that is new.' },
}
const TOLD_STATUS: Part = { enum: ['ENABLED', 'DISABLED'] }

type Told = { readonly says: string; readonly data: Part; readonly example: Part }

const CUSTOMER = { customerNumber: 'ABC123', workProviderUserIds: ['1686'] }
const OPEN = { startedAt: '2025-07-06T18:00:00Z', endedAt: null, endReason: null }

/** Of each type: when it is told, and what. */
export const TOLD: Readonly<Record<FeedType, Told>> = {
  'customer.signed_up': {
    says:
      'A customer agreed to be linked to you, and you gave no id of yours for them: find them by what they let you know. ' +
      'Answer 204 if you found them, 200 with `{"workProviderUserId":"..."}` to bind your id at once, 404 if you know nobody ' +
      'like that. Who reads the feed answers by `POST /v1/match`.',
    data: {
      type: 'object',
      properties: {
        customerNumber: ref('CustomerNumber'),
        email: { type: 'string', description: 'Not there any more once you found them, or they withdrew.' },
        phoneNumber: { type: 'string', description: 'If they gave one.' },
      },
      required: ['customerNumber'],
      additionalProperties: false,
    },
    example: { customerNumber: 'ABC123', email: 'driver@example.com', phoneNumber: '+44 20 7946 0000' },
  },
  'link.created': {
    says: 'A customer agreed to be linked to you.',
    data: exactly({ ...PERSON, ...AT }),
    example: { ...CUSTOMER, at: '2025-07-06T17:55:00Z' },
  },
  'link.withdrawn': {
    says: 'A customer does not share with you any more: their status is 404 from that moment.',
    data: exactly({ ...PERSON, ...AT }),
    example: { ...CUSTOMER, at: '2025-07-09T09:30:00Z' },
  },
  'match.needed': {
    says: 'A customer agreed, and is only insured once you say by `POST /v1/match` that you recognise them.',
    data: exactly({ ...PERSON, ...AT }),
    example: { ...CUSTOMER, at: '2025-07-06T17:55:00Z' },
  },
  'policy.status_changed': {
    says: 'What `GET /v1/user/status` answers of a customer is another status now, by whatever it came.',
    data: exactly({ ...PERSON, status: TOLD_STATUS, before: orNull(TOLD_STATUS) }),
    example: { ...CUSTOMER, status: 'ENABLED', before: null },
  },
  'shift.opened': {
    says: 'A shift began; or one that had ended goes on, because a logout was taken back.',
    data: exactly(SHIFT_CHANGE),
    example: { ...CUSTOMER, shift: OPEN, before: null },
  },
  'shift.closed': {
    says:
      'A shift ended: by a logout, or by its cap when none came. It is told again where a later report moves the end, and ' +
      'without a shift where there is none any more.',
    data: exactly(SHIFT_CHANGE),
    example: { ...CUSTOMER, shift: { ...OPEN, endedAt: '2025-07-06T22:10:00Z', endReason: 'logout' }, before: OPEN },
  },
  'report.parked': {
    says:
      'You reported somebody whom you may not see: nobody we know by this identity, or somebody who has not agreed or has ' +
      'withdrawn. The report is kept, and counts as soon as they are linked.',
    data: {
      type: 'object',
      properties: {
        customerNumber: ref('CustomerNumber'),
        workProviderUserId: ref('WorkProviderUserId'),
        kind: { enum: ['login', 'logout'] },
        ...AT,
      },
      required: ['kind', 'at'],
      additionalProperties: false,
      oneOf: [{ required: ['customerNumber'] }, { required: ['workProviderUserId'] }],
    },
    example: { workProviderUserId: '1687', kind: 'login', at: '2025-07-06T18:00:00Z' },
  },
}

const ENTRY_ID = '3f0c6a52-5d1e-4a53-9a3c-0b5d7f1c8e21'

function exampleOf(type: FeedType, number: number): Part {
  return { type, timestamp: '2025-07-06T18:00:01.250000Z', data: TOLD[type].example, number, id: ENTRY_ID }
}

function entrySchema(type: FeedType): Part {
  return exactly({
    type: { const: type },
    timestamp: { ...ref('Instant'), description: 'When it became known.' },
    data: TOLD[type].data,
    number: {
      type: 'integer',
      minimum: 1,
      description:
        'Its place in your feed: from 1 on, without gaps; a gap is there only where the insurer had to restore a backup.',
    },
    id: { type: 'string', description: 'The same in the feed and in every delivery of it.' },
  })
}

export const TELLING_SCHEMAS: Part = {
  FeedEntry: { oneOf: FEED_TYPES.map(entrySchema) },
}

export const READ_FEED: Part = {
  operationId: 'read-feed',
  tags: ['Feed'],
  summary: 'What you are told of, in order',
  description:
    'Links, statuses, shifts and parked reports, numbered from 1 on without gaps. Keep the number of the last entry that ' +
    'you took, and ask for what follows: nothing is missed, whatever happened to you or to us meanwhile. Your feed begins ' +
    `when you first ask for it, or add an address for webhooks; entries are kept for ${FEED_KEPT_DAYS} days.`,
  parameters: [
    {
      name: 'after',
      in: 'query',
      description: 'The number of the last entry that you have; without it from the first that is kept.',
      schema: { type: 'string', pattern: '^[0-9]{1,15}$' },
      example: '0',
    },
  ],
  responses: {
    '200': ok(
      `Up to ${ENTRIES_A_PAGE.toLocaleString('en-GB')} entries.`,
      exactly({
        entries: { type: 'array', items: ref('FeedEntry'), maxItems: ENTRIES_A_PAGE },
        last: {
          type: 'integer',
          minimum: 0,
          description: 'The number of the last entry there is, on this page or not.',
        },
        next: {
          ...orNull({ type: 'string' }),
          description: 'Where the following entries are; null where there are none.',
        },
      }),
      {
        entries: {
          value: { entries: [exampleOf('link.created', 1), exampleOf('shift.opened', 2)], last: 2, next: null },
        },
      },
    ),
    ...refusals(['INVALID_DATA', 'GONE'], { isKeyed: true }),
  },
}

/** What is posted to your own addresses: the same entries. */
export const WEBHOOKS: Part = Object.fromEntries(
  FEED_TYPES.map((type, index) => [
    type,
    {
      post: {
        operationId: `webhook-${type.replaceAll(/[._]/g, '-')}`,
        tags: ['Feed'],
        summary: type,
        description: TOLD[type].says,
        security: [],
        parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
          name,
          in: 'header',
          required: true,
          schema: { type: 'string' },
        })),
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: entrySchema(type),
              examples: { [type]: { value: exampleOf(type, index + 1) } },
            },
          },
        },
        responses: {
          '2XX': { description: 'You have it.' },
          '410': { description: 'You want nothing more at this address: it is disabled.' },
          ...(type === 'customer.signed_up' ? { '404': { description: 'You know nobody like that.' } } : {}),
          default: { description: 'It is sent again later, for about three days.' },
        },
      },
    },
  ]),
)
