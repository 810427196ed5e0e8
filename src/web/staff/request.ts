import { type RequestTrace, traceRequest, type TracedItem } from '../../app/request-trace.ts'
import type { ReportedItem } from '../../app/requests.ts'
import { caseOfIdentity } from '../../domain/case.ts'
import { formatInstant } from '../../domain/instant.ts'
import { exactTime } from '../kit/exact-time.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import { formatExactly } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { addressOfCase } from './case-address.ts'
import { customerPath, requestPath } from './paths.ts'

type Taken = Extract<RequestTrace, { kind: 'taken' }>
type Refused = Extract<RequestTrace, { kind: 'refused' }>

/** GET /staff/requests/<id>, with `?from=` an item: what became of a request, and whose it is. */
export async function showRequest(visit: StaffVisit): Promise<Response> {
  const id = (visit.parameters['request'] ?? '').toLowerCase()
  const from = /^\d{1,5}$/.exec(new URLSearchParams(visit.query).get('from') ?? '')
  const trace = await traceRequest(visit.context, id, from === null ? 0 : Number(from[0]))
  if (trace === null) return notFound(visit)
  const body = html`<h1>Request</h1>
    <p><code>${id}</code></p>
    ${trace.kind === 'refused' ? refused(trace, visit.context.timeZone) : taken(trace, visit.context.timeZone)}`
  return page(visit, { title: `Request ${id}`, body, isWide: true })
}

function refused({ refusal, workProvider }: Refused, timeZone: string): Markup {
  return html`<dl class="facts">
    <dt>Refused</dt>
    <dd>${exactTime(refusal.at, timeZone)}</dd>
    <dt>Work provider</dt>
    <dd>${workProvider?.name ?? 'unknown: it came without a live key'}</dd>
    <dt>Asked</dt>
    <dd><code>${refusal.method} ${refusal.path}</code></dd>
    <dt>Answer</dt>
    <dd>${refusal.status} ${refusal.error}: ${refusal.detail}</dd>
  </dl>`
}

function taken(trace: Taken, timeZone: string): Markup {
  const { workProvider, answer, items } = trace
  const facts = html`<dt>Work provider</dt>
    <dd><a href="/staff/work-providers/${workProvider.id}">${workProvider.name}</a></dd>
    <dt>Received</dt>
    <dd>${exactTime(answer.receivedAt, timeZone)}</dd>`
  if ('match' in answer) {
    return html`<dl class="facts">
      ${facts}
      <dt>Match</dt>
      <dd>
        ${answer.match.success ? 'It recognises' : 'It does not recognise'} customer number
        ${trace.customerNumber === null ? nothing : customerLink(trace.customerNumber)}: ${answer.match.outcome}
      </dd>
    </dl>`
  }
  const next = answer.nextItem
  return html`<dl class="facts">${facts}</dl>
    <p>What the work provider is told became of it, as it stands now:</p>
    <div class="scroll" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col">Of whom</th>
            <th scope="col">Customer</th>
            <th scope="col">What</th>
            <th scope="col">What became of it</th>
            <th scope="col">Told before by</th>
          </tr>
        </thead>
        <tbody>
          ${answer.items.map((item, index) => itemRow(item, items[index]!, timeZone))}
        </tbody>
      </table>
    </div>
    ${next === null ? nothing : html`<p><a href="${requestPath(answer.id)}?from=${next}">From item ${next} on</a></p>`}`
}

function itemRow(item: ReportedItem, { identity, customerNumber }: TracedItem, timeZone: string): Markup {
  const kind = identity.kind === 'user_id' ? 'user id' : 'customer number'
  const shift = item.shift === null ? '' : `, shift from ${formatExactly(item.shift.startedAt, timeZone)}`
  return html`<tr>
    <td>${item.index}</td>
    <td class="name">${kind} ${identity.text}</td>
    <td>
      ${
        customerNumber === null
          ? html`<a href="${addressOfCase(caseOfIdentity(identity))}">nobody’s yet</a>`
          : html`<a href="${customerPath(customerNumber)}?at=${encodeURIComponent(formatInstant(item.at))}"
              >${customerNumber}</a
            >`
      }
    </td>
    <td>${item.kind}, ${exactTime(item.at, timeZone)}</td>
    <td class="name">${item.outcome}${shift}</td>
    <td class="name">
      ${
        item.duplicateOf === null
          ? nothing
          : html`<a href="${requestPath(item.duplicateOf)}"><code>${item.duplicateOf}</code></a>`
      }
    </td>
  </tr>`
}

function customerLink(customerNumber: string): Markup {
  return html`<a href="${customerPath(customerNumber)}">${customerNumber}</a>`
}
