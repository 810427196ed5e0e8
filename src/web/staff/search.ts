import { type Found, type Hit, type Matched, MAX_HITS, search } from '../../app/search.ts'
import { caseOfIdentity } from '../../domain/case.ts'
import { MAX_SEARCH_CHARACTERS, MIN_BEGINNING_CHARACTERS } from '../../domain/search.ts'
import { field, NO_ERRORS } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page, seeOther } from '../kit/replies.ts'
import { isSoundText } from '../../domain/sound-text.ts'
import { formatDate } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { addressOfCase } from './case-address.ts'
import { customerPath, requestPath } from './paths.ts'

/** GET /staff, with `?q=` what is looked for. What it names exactly, and alone, is opened at once. */
export async function showSearch(visit: StaffVisit): Promise<Response> {
  const text = (new URLSearchParams(visit.query).get('q') ?? '').trim()
  if (text === '') return searchPage(visit, text, html`<p>${WHAT_FINDS}</p>`)
  const isPossible = !isTooLong(text) && isSoundText(text)
  const found: Found = isPossible ? await search(visit.context, text) : { hits: [], isMore: false, only: null }
  if (found.only !== null) return seeOther(visit, placeOf(found.only))
  return searchPage(visit, text, found.hits.length === 0 ? nothingFound(text) : listOf(found, visit.context.timeZone))
}

const WHAT_FINDS =
  'A customer number, an e-mail address or its beginning, a name or the beginnings of its words, a work provider’s ' +
  'user id, a vehicle registration, or the id of a request.'

function searchPage(visit: StaffVisit, text: string, answer: Markup): Promise<Response> {
  const body = html`<h1>Search</h1>
    <form method="get" action="/staff" class="filter" role="search">
      ${field(NO_ERRORS, { name: 'q', label: 'Look for', type: 'search', value: [...text].slice(0, MAX_SEARCH_CHARACTERS).join('') })}
      <button>Search</button>
    </form>
    ${answer}`
  return page(visit, { title: text === '' ? 'Search' : 'Search results', body, isWide: true })
}

/** As an id's length is counted: by characters, of which some take two units of a string. */
function isTooLong(text: string): boolean {
  return [...text].length > MAX_SEARCH_CHARACTERS
}

function nothingFound(text: string): Markup {
  const problem = isTooLong(text)
    ? `Nothing is that long: at most ${MAX_SEARCH_CHARACTERS} characters can be looked for.`
    : 'Nothing was found.'
  return html`<p><strong>${problem}</strong></p>
    <p>These can be looked for:</p>
    <ul>
      <li>a customer number</li>
      <li>an e-mail address, or its beginning</li>
      <li>a name: the beginnings of its words, in any order</li>
      <li>a work provider’s user id, written exactly as the work provider does</li>
      <li>a vehicle registration</li>
      <li>the id of a request, as it stands in <code>Request-Id</code></li>
    </ul>
    <p>Beginnings have ${MIN_BEGINNING_CHARACTERS} characters or more.</p>`
}

function listOf({ hits, isMore }: Found, timeZone: string): Markup {
  return html`${
      isMore ? html`<p>These are the first ${MAX_HITS}; there are more. Type more of it to find fewer.</p>` : nothing
    }
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Found</th>
            <th scope="col">Name</th>
            <th scope="col">E-mail</th>
            <th scope="col">What matched</th>
          </tr>
        </thead>
        <tbody>
          ${hits.map((hit) => hitRow(hit, timeZone))}
        </tbody>
      </table>
    </div>`
}

function hitRow(hit: Hit, timeZone: string): Markup {
  const link = (label: string): Markup => html`<td class="name"><a href="${placeOf(hit)}">${label}</a></td>`
  switch (hit.kind) {
    case 'customer': {
      const { customerNumber, name, email, erasedAt } = hit.customer
      const matched = hit.matched.map((one) => matchedWords(one, timeZone)).join('; ')
      return html`<tr>
        ${link(customerNumber)}
        <td class="name">${erasedAt === null ? (name ?? '') : 'erased'}</td>
        <td class="name">${erasedAt === null ? email : ''}</td>
        <td class="name">${matched}</td>
      </tr>`
    }
    case 'parked': {
      const { identity, workProvider } = hit
      const kind = identity.kind === 'user_id' ? 'user id' : 'customer number'
      return html`<tr>
        ${link(identity.text)}
        <td class="name">nobody’s yet: parked</td>
        <td></td>
        <td class="name">${kind} reported by ${workProvider.name}</td>
      </tr>`
    }
    case 'request':
      return html`<tr>
        ${link(hit.requestId)}
        <td></td>
        <td></td>
        <td>request id</td>
      </tr>`
  }
}

function matchedWords(matched: Matched, timeZone: string): string {
  if (matched.by !== 'user id') return matched.by
  const { workProvider, until } = matched
  return until === null
    ? `user id at ${workProvider}`
    : `user id at ${workProvider}, released from ${formatDate(until, timeZone)} on`
}

function placeOf(hit: Hit): string {
  switch (hit.kind) {
    case 'customer':
      return customerPath(hit.customer.customerNumber)
    case 'parked':
      return addressOfCase(caseOfIdentity({ workProviderId: hit.workProvider.id, ...hit.identity }))
    case 'request':
      return requestPath(hit.requestId)
  }
}
