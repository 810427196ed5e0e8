import { readAudit } from '../../app/audit-log.ts'
import { Impossible } from '../../domain/errors.ts'
import { formatInstant } from '../../domain/instant.ts'
import type { AuditLine } from '../../storage/audit.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS } from '../kit/forms.ts'
import { html, nothing } from '../kit/html.ts'
import { moment } from '../kit/moment.ts'
import { isSoundText } from '../../domain/sound-text.ts'
import { csvDownload, page } from '../kit/replies.ts'
import type { StaffVisit } from '../kit/visit.ts'

const LINES_A_PAGE = 100
const LINES_A_PIECE = 1_000

type Filter = { readonly by?: string; readonly customerNumber?: string; readonly workProvider?: string }

/** GET /staff/audit, with `?by=`, `?customer=`, `?workProvider=`, and `?before=` the number of a line. */
export async function showAudit(visit: StaffVisit): Promise<Response> {
  const filter = filterOf(visit)
  const before = Number(new URLSearchParams(visit.query).get('before') ?? '')
  try {
    const lines = await readAudit(visit.context, {
      ...filter,
      ...(Number.isSafeInteger(before) && before > 0 ? { before } : {}),
      limit: LINES_A_PAGE,
    })
    return auditPage(visit, filter, lines.toReversed(), NO_ERRORS)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return auditPage(visit, filter, [], formError('form', error.message))
  }
}

/** GET /staff/audit.csv: all of it, as the page is filtered. */
export async function downloadAudit(visit: StaffVisit): Promise<Response> {
  try {
    await readAudit(visit.context, { ...filterOf(visit), limit: 1 })
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    // A file that says what is wrong would be taken for the log.
    return showAudit(visit)
  }
  return csvDownload(visit, 'audit.csv', HEADINGS, piecesOf(visit))
}

const HEADINGS = ['number', 'at', 'by', 'kind of person', 'action', 'subject', 'customer', 'work provider', 'details']

async function* piecesOf(visit: StaffVisit): AsyncGenerator<string[][]> {
  let before: number | undefined
  do {
    const lines: AuditLine[] = await readAudit(visit.context, { ...filterOf(visit), before, limit: LINES_A_PIECE })
    yield lines
      .toReversed()
      .map((line) => [
        String(line.seq),
        formatInstant(line.at),
        line.by.name,
        line.by.kind,
        line.action,
        line.subject ?? '',
        line.customerNumber ?? '',
        line.workProvider ?? '',
        JSON.stringify(line.details),
      ])
    before = lines.length < LINES_A_PIECE ? undefined : lines[0]!.seq
  } while (before !== undefined)
}

function filterOf(visit: StaffVisit): Filter {
  const query = new URLSearchParams(visit.query)
  const text = (name: string): string => {
    const given = query.get(name)?.trim() ?? ''
    return isSoundText(given) ? given : ''
  }
  return {
    ...(text('by') === '' ? {} : { by: text('by') }),
    ...(text('customer') === '' ? {} : { customerNumber: text('customer') }),
    ...(text('workProvider') === '' ? {} : { workProvider: text('workProvider') }),
  }
}

function addressOf(path: string, { by, customerNumber, workProvider }: Filter, before?: number): string {
  const query = new URLSearchParams({
    ...(by === undefined ? {} : { by }),
    ...(customerNumber === undefined ? {} : { customer: customerNumber }),
    ...(workProvider === undefined ? {} : { workProvider }),
    ...(before === undefined ? {} : { before: String(before) }),
  }).toString()
  return query === '' ? path : `${path}?${query}`
}

function auditPage(
  visit: StaffVisit,
  filter: Filter,
  lines: readonly AuditLine[],
  errors: FormErrors,
): Promise<Response> {
  const { context } = visit
  const body = html`${errorSummary(errors)}
    <h1>Audit</h1>
    <form method="get" action="/staff/audit" class="filter" role="search">
      ${field(errors, { name: 'by', label: 'Who', value: filter.by ?? '' })}
      ${field(errors, { name: 'customer', label: 'Customer number', value: filter.customerNumber ?? '' })}
      ${field(errors, { name: 'workProvider', label: 'Work provider', value: filter.workProvider ?? '' })}
      <button>Show</button>
    </form>
    ${
      lines.length === 0
        ? html`<p>No lines.</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th>When</th>
                  <th>Who</th>
                  <th>What</th>
                  <th>Customer</th>
                  <th>Work provider</th>
                  <th>Details</th>
                </tr>
              </thead>
              <tbody>
                ${lines.map(
                  (line) =>
                    html`<tr>
                      <td>${moment(line.at, context.now(), context.timeZone)}</td>
                      <td class="name">${line.by.name} <span class="soft">(${line.by.kind})</span></td>
                      <td>${line.action}</td>
                      <td>
                        ${
                          line.customerNumber === null
                            ? nothing
                            : html`<a href="/staff/customers/${line.customerNumber}">${line.customerNumber}</a>`
                        }
                      </td>
                      <td class="name">${line.workProvider ?? ''}</td>
                      <td class="name"><code>${detailsOf(line)}</code></td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
    <p>
      ${
        lines.length < LINES_A_PAGE
          ? nothing
          : html`<a href="${addressOf('/staff/audit', filter, lines.at(-1)!.seq)}">Older</a> · `
      }
      <a href="${addressOf('/staff/audit.csv', filter)}">All of it (CSV)</a>
    </p>`
  return page(visit, { title: 'Audit', body, isWide: true, hasErrors: errors.size > 0 }, errors.size > 0 ? 422 : 200)
}

function detailsOf({ subject, details }: AuditLine): string {
  const rest = JSON.stringify(details)
  return [subject ?? '', rest === '{}' ? '' : rest].filter((text) => text !== '').join(' ')
}
