import { MAX_KEY_CHARACTERS, MIN_KEY_CHARACTERS, TEST_KEY_PREFIX } from '../../app/api-keys.ts'
import { LIMITS } from '../../domain/limits.ts'
import { MAX_NESTING } from '../parse.ts'
import { FEED_PATH } from '../feed.ts'
import { REQUESTS_PATH } from '../requests.ts'
import { VALIDATE_PATH } from '../validate.ts'
import { READ_REQUEST, statusOperation, VALIDATE, VALIDATE_NOTHING } from './asking.ts'
import { DESCRIBE, linkOperation, LIVE, READY } from './open-to-all.ts'
import { batchOperation, matchOperation, shiftOperation } from './posting.ts'
import { HEADERS, type Part, RESPONSES } from './responses.ts'
import { SCHEMAS } from './schemas.ts'
import { READ_FEED, TELLING_SCHEMAS, WEBHOOKS } from './telling.ts'

const DESCRIPTION = `
Tell Zego when your couriers start and stop work; ask whether somebody is insured for working for you.

**Every call** carries your key, bare, in the \`Authorization\` header. Every path is also answered with a slash at its
end, and a POST is never redirected. A path that takes GET takes HEAD too: the same without the body. Any other path
is answered by \`NotFound\`, any other method by \`MethodNotAllowed\` (of \`link-work-provider\`, which is a page, by
\`MethodNotAllowedPage\`): see the components. No key is needed to be told so.

**Bodies** are JSON in UTF-8, up to ${LIMITS.bodyBytes.standard} bytes, nested up to ${MAX_NESTING} deep, not compressed; the
Content-Type does not matter.

**A 202 means that the report is on disk.** Whenever you are not sure that one arrived (a timeout, a 503), send it
again: a report that is told twice counts once, and the order of arrival changes nothing.

**Errors** have one short body, \`{"error":"..."}\`. What is wrong in words is in \`Zego-Error-Detail\`; a client whose
\`Accept\` names \`application/problem+json\` gets both in one body (RFC 9457). Checks come in this order: path and method,
key, rate, size, content.

**Names**: \`policyId\` and \`driverId\` are old names for \`customerNumber\` and \`workProviderUserId\`. They work, and the
answer says so in \`Deprecation\`.
`.trim()

/** The work-provider API as an OpenAPI 3.1 document, from the same tables and limits that the server goes by. Pure. */
export function openApiDocument(): Part {
  return {
    openapi: '3.1.1',
    info: { title: 'Zego work-provider API', version: '1.0.0', description: DESCRIPTION },
    servers: [{ url: '/', description: 'The server that this document came from.' }],
    security: [{ key: [] }],
    tags: [
      { name: 'Shifts', description: 'When couriers start and stop work.' },
      { name: 'Customers', description: 'Who they are to you, and whether they are insured.' },
      { name: 'Requests', description: 'What became of what you sent.' },
      { name: 'Feed', description: 'What you are told of: to be read, or by webhooks.' },
      { name: 'Linking', description: 'How a courier comes to be a customer that you may ask about.' },
      { name: 'Server', description: 'The server itself. No key is needed.' },
    ],
    paths: {
      '/v1/shift/login': { post: shiftOperation('login') },
      '/v1/shift/logout': { post: shiftOperation('logout') },
      '/v1/batch/login': { post: batchOperation('login') },
      '/v1/batch/logout': { post: batchOperation('logout') },
      '/v1/match': { post: matchOperation('match') },
      '/v1/user/match': { post: matchOperation('user-match') },
      '/v1/user/status': { get: statusOperation('user-status') },
      '/v1/status': { get: statusOperation('status') },
      [VALIDATE_PATH]: { get: VALIDATE_NOTHING },
      [`${VALIDATE_PATH}/{customerNumber}`]: { get: VALIDATE },
      [`${REQUESTS_PATH}/{id}`]: { get: READ_REQUEST },
      [FEED_PATH]: { get: READ_FEED },
      '/link-work-provider': { get: linkOperation('link-work-provider') },
      '/v1/link-work-provider': { get: linkOperation('v1-link-work-provider') },
      '/livez': { get: LIVE },
      '/readyz': { get: READY },
      '/openapi.json': { get: DESCRIBE },
    },
    webhooks: WEBHOOKS,
    components: {
      securitySchemes: {
        key: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description:
            `The bare key (${MIN_KEY_CHARACTERS} to ${MAX_KEY_CHARACTERS} visible ASCII characters), once, without a word ` +
            'before it. A client that sends `Bearer ` before it is served too. One that begins with ' +
            `\`${TEST_KEY_PREFIX}\` is a test key: it sees test customers, and nobody else.`,
        },
      },
      schemas: { ...SCHEMAS, ...TELLING_SCHEMAS },
      headers: HEADERS,
      responses: RESPONSES,
    },
  }
}
