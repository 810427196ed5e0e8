import { exactly, headers, ok, type Part, refusal, refusals } from './responses.ts'

/* What is answered without a key: about the server itself, and to couriers. */

const FREE = { security: [] }
const WEB_PAGE = { 'text/html': { schema: { type: 'string' } } }

const OK = ok('It is.', exactly({ status: { const: 'ok' } }), { ok: { value: { status: 'ok' } } })

export const LIVE: Part = {
  operationId: 'livez',
  tags: ['Server'],
  summary: 'Whether the server runs',
  ...FREE,
  responses: { '200': OK, ...refusals([], { isKeyed: false }) },
}

export const READY: Part = {
  operationId: 'readyz',
  tags: ['Server'],
  summary: 'Whether the server can store and answer',
  ...FREE,
  responses: { '200': OK, ...refusals(['UNAVAILABLE'], { isKeyed: false }) },
}

export const DESCRIBE: Part = {
  operationId: 'openapi',
  tags: ['Server'],
  summary: 'This document',
  ...FREE,
  responses: {
    '200': ok('OpenAPI 3.1.', { type: 'object', properties: { openapi: { const: '3.1.1' } }, required: ['openapi'] }),
    ...refusals([], { isKeyed: false }),
  },
}

export function linkOperation(operationId: string): Part {
  const names: readonly (readonly [string, string, boolean])[] = [
    ['work_provider', 'Your name, as agreed with Zego.', false],
    ['wp', 'The same.', true],
    ['work_provider_id', 'Your own id for the person; `work_provider_user_id` is the same.', false],
    ['work_provider_user_id', 'The same.', false],
    ['work_user_provider_id', 'The same.', true],
    ['wp_id', 'The same.', true],
    ['email', 'Where the person is to sign up or log in.', false],
    ['exp', 'Of a signed link: until when it is good, in unix seconds.', false],
    [
      'sig',
      'Of a signed link: the hex HMAC-SHA256, with your link secret, over the decoded parameters but `sig`, sorted by ' +
        'name, joined as `name=value` lines.',
      false,
    ],
  ]
  const page = (description: string): Part => ({ description, headers: headers('Request-Id'), content: WEB_PAGE })
  return {
    operationId,
    tags: ['Linking'],
    summary: 'Bring a courier here',
    description:
      'Not a call but a link that you give to your couriers, who open it in a browser. It links nobody by itself: they ' +
      'log in or sign up, see what is shared with you, and agree.',
    ...FREE,
    parameters: names.map(([name, description, deprecated]) => ({
      name,
      in: 'query',
      description,
      ...(deprecated ? { deprecated } : {}),
      schema: { type: 'string' },
    })),
    responses: {
      '302': {
        description: 'To the next step, or to a page that says what is wrong with the link. Nothing personal is in it.',
        headers: {
          ...headers('Request-Id'),
          Location: { required: true, schema: { type: 'string', pattern: '^/[a-z]' } },
        },
      },
      '400': refusal('INVALID_DATA'),
      '408': refusal('TIMEOUT'),
      '417': refusal('EXPECTATION_FAILED'),
      '431': refusal('HEADERS_TOO_LARGE'),
      '500': page('The server is at fault.'),
      '503': page('Not now; try again in a moment.'),
    },
  }
}
