import type { LiveSnapshot } from '../../domain/live.ts'
import { mayAs } from '../../domain/desk.ts'
import type { Watcher } from '../../app/live.ts'
import { asset } from '../kit/asset.ts'
import { html } from '../kit/html.ts'
import { eventStream, page, problemPage } from '../kit/replies.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { liveParts } from './live-parts.ts'

export const LIVE_SCRIPT = asset('live', 'js', [new URL('./live.js', import.meta.url)])

/** How long a page without scripts waits until it loads itself again. */
const REFRESH_SECONDS = 5
/** How long a browser waits until it connects again. */
const RETRY_MS = 3_000
const RETRY_AFTER_SECONDS = 60

/** GET /staff/live */
export async function showLive(visit: StaffVisit): Promise<Response> {
  const snapshot = await visit.live.snapshot()
  return page(visit, {
    title: 'Live',
    head: html`<noscript><meta http-equiv="refresh" content="${REFRESH_SECONDS}" /></noscript>
      <script type="module" src="${LIVE_SCRIPT.path}"></script>`,
    body: html`<h1>Live</h1>
      <div class="live-bar">
        <p class="soft" id="live-state" role="status">
          <noscript>This page loads itself again every ${REFRESH_SECONDS} seconds.</noscript>
        </p>
        <button type="button" class="button-second" id="live-pause" hidden>Pause</button>
      </div>
      <div id="live" data-events="/staff/live/events">${liveParts(snapshot, visit.context.timeZone)}</div>`,
    isWide: true,
  })
}

/** GET /staff/live/events: the parts of the page, whenever there are new figures. */
export function streamLive(visit: StaffVisit): Promise<Response> | Response {
  if (visit.method === 'HEAD') return eventStream(visit, nothingMore(), () => {})
  const watcher = visit.live.watch()
  if (watcher === null) {
    const problem = {
      title: 'Too many are watching',
      text: 'As many live pages as may be open are open. Close one, or look at the page without its being kept up to date.',
      way: { to: '/staff/live', label: 'To the live page' },
    }
    return problemPage(visit, 'UNAVAILABLE', problem, { 'Retry-After': String(RETRY_AFTER_SECONDS) })
  }
  return eventStream(visit, messages(visit, watcher), () => watcher.end())
}

async function* nothingMore(): AsyncGenerator<string> {}

/** Ends with the server, and with the right to see it: then it says so, and the browser does not come again. */
async function* messages(visit: StaffVisit, watcher: Watcher): AsyncGenerator<string> {
  const { live, stopping, context } = visit
  let seen: LiveSnapshot | null = null
  let admittedAt = performance.now()
  try {
    yield `retry: ${RETRY_MS}\n\n`
    while (!stopping.aborted) {
      const snapshot = await watcher.next(seen, live.pace.heartbeatMs)
      if (stopping.aborted) return
      if (performance.now() - admittedAt >= live.pace.admittedMs) {
        if (!(await isAdmitted(visit))) return yield message('over', 'logged out')
        admittedAt = performance.now()
      }
      yield snapshot === null ? ': still here\n\n' : message('figures', await partsOf(snapshot, context.timeZone))
      seen = snapshot ?? seen
    }
  } finally {
    watcher.end()
  }
}

async function isAdmitted({ deskAccounts, client }: StaffVisit): Promise<boolean> {
  const person = await deskAccounts.session(client)
  return person !== null && person.hasSecondFactor && mayAs(person.role, 'viewer')
}

/** Written out once for all who watch. */
const written = new WeakMap<LiveSnapshot, Promise<string>>()

function partsOf(snapshot: LiveSnapshot, timeZone: string): Promise<string> {
  const known = written.get(snapshot)
  if (known !== undefined) return known
  const parts = Promise.resolve(liveParts(snapshot, timeZone)).then((markup) => markup.toString())
  written.set(snapshot, parts)
  return parts
}

function message(event: string, data: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
  return `event: ${event}\n${lines.join('')}\n`
}
