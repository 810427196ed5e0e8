import { ENTRIES_A_PAGE, FEED_KEPT_DAYS } from '../../app/feed.ts'
import { ANSWER_MS, MAX_ANSWER_BYTES } from '../../app/outgoing.ts'
import { MAX_ENDPOINTS, MAX_SECRET_OVERLAP_HOURS } from '../../app/webhooks.ts'
import { LIMITS, type Limits } from '../../domain/limits.ts'
import { MAX_URL_CHARACTERS } from '../../domain/webhook.ts'
import { html } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { chapter, inline } from './frame.ts'

/** Those that a work provider's program can meet. */
const MET: readonly (keyof Limits)[] = [
  'bodyBytes',
  'batchItems',
  'pageItems',
  'requestsPerSecond',
  'eventsPerSecond',
  'headerBytes',
  'headersMs',
  'requestMs',
  'keepAliveMs',
]

const number = (value: number): string => value.toLocaleString('en-GB')

/** Those of what work providers are told, which are the same at every server. */
const TOLD: readonly (readonly [limit: string, what: string])[] = [
  [number(ENTRIES_A_PAGE), 'entries in one answer of `GET /v1/feed`'],
  [number(FEED_KEPT_DAYS), 'days for which entries of the feed are kept'],
  [number(MAX_ENDPOINTS), 'addresses for webhooks'],
  [number(MAX_URL_CHARACTERS), 'characters of such an address'],
  [number(ANSWER_MS / 1_000), 'seconds within which a webhook is answered'],
  [number(MAX_ANSWER_BYTES), 'bytes of that answer'],
  [number(MAX_SECRET_OVERLAP_HOURS), 'hours for which an old secret goes on beside a new one'],
]

/** GET /docs/limits: as this server has them. */
export function showLimits(visit: Visit): Promise<Response> {
  const { limits } = visit.context
  return chapter(
    visit,
    '/docs/limits',
    html`<h1>Limits</h1>
      <dl class="facts">
        ${MET.map(
          (name) =>
            html`<dt>${number(limits[name])}</dt>
              <dd>${inline(LIMITS[name].what)}</dd>`,
        )}
      </dl>
      <h2>Of the feed and webhooks</h2>
      <dl class="facts">
        ${TOLD.map(
          ([limit, what]) =>
            html`<dt>${limit}</dt>
              <dd>${inline(what)}</dd>`,
        )}
      </dl>
      <h2>What a timestamp may be</h2>
      <p>
        ISO 8601 with an offset, to the microsecond, from the year 2015 to 24 hours ahead. Reports may come late: by a
        day as a normal thing, by years if need be.
      </p>
      <h2>What an id may be</h2>
      <p>
        Your own ids: any text of 1 to 255 characters, compared byte for byte. Customer numbers: letters A to Z and
        digits, of either case.
      </p>`,
  )
}
