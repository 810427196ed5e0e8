import { LISTED_DAYS, listRequests, type ListedRequest } from '../../app/list-requests.ts'
import { formatInstant } from '../../domain/instant.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { csvDownload, page } from '../kit/replies.ts'
import { momentOf, type Subject } from './subject.ts'

const REQUESTS_A_PAGE = 50
const REQUESTS_A_PIECE = 100

/** GET <at>/requests, with `?before=` */
export async function showRequests(subject: Subject): Promise<Response> {
  const { visit, workProvider, at } = subject
  const before = new URLSearchParams(visit.query).get('before')
  const { requests, next } = await listRequests(visit.context, workProvider.id, { before, limit: REQUESTS_A_PAGE })
  const title = `Requests of ${workProvider.name}`
  const body = html`<h1>${title}</h1>
    <p>Those that were accepted in the last ${LISTED_DAYS} days, and what became of each as it is now.</p>
    ${requests.length === 0 ? html`<p>None.</p>` : requestsTable(subject, requests)}
    <p>
      ${next === null ? nothing : html`<a href="${at}/requests?before=${next}">Older</a> · `}
      <a href="${at}/requests.csv">All of them (CSV)</a> · <a href="${at}">Back to ${workProvider.name}</a>
    </p>`
  return page(visit, { title, body, isWide: true })
}

/** GET <at>/requests.csv */
export function downloadRequests({ visit, workProvider }: Subject): Promise<Response> {
  const pieces = async function* (): AsyncGenerator<string[][]> {
    let before: string | null = null
    do {
      const { requests, next } = await listRequests(visit.context, workProvider.id, { before, limit: REQUESTS_A_PIECE })
      yield requests.map((one) => [one.id, formatInstant(one.receivedAt), one.kind, itemsOf(one), outcomeOf(one)])
      before = next
    } while (before !== null)
  }
  return Promise.resolve(
    csvDownload(visit, 'requests.csv', ['request', 'received', 'kind', 'items', 'outcome'], pieces()),
  )
}

function requestsTable(subject: Subject, requests: readonly ListedRequest[]): Markup {
  return html`<div class="scroll" tabindex="0">
    <table>
      <thead>
        <tr>
          <th>Received</th>
          <th>Request</th>
          <th>Kind</th>
          <th class="number">Items</th>
          <th>What became of it</th>
        </tr>
      </thead>
      <tbody>
        ${requests.map(
          (one) =>
            html`<tr>
              <td>${momentOf(subject, one.receivedAt)}</td>
              <td><code>${one.id}</code></td>
              <td>${one.kind}</td>
              <td class="number">${itemsOf(one)}</td>
              <td>${outcomeOf(one)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

function itemsOf(request: ListedRequest): string {
  return request.kind === 'match' ? '1' : String(request.items)
}

function outcomeOf(request: ListedRequest): string {
  if (request.kind === 'match') return `${request.success ? 'recognised' : 'not recognised'}: ${request.outcome}`
  const { outcomes, duplicates, items, lookedAt } = request
  const words = [...outcomes].map(([outcome, count]) => (items === 1 ? outcome : `${count} ${outcome}`))
  const told = duplicates === 0 ? [] : [items === 1 ? 'told before' : `${duplicates} told before`]
  const rest = lookedAt < items ? [`the first ${lookedAt} looked at`] : []
  return [...words, ...told, ...rest].join(', ')
}
