import { readDataQuality } from '../../app/data-quality.ts'
import { createWorkProvider } from '../../app/work-providers.ts'
import { mayAs } from '../../domain/desk.ts'
import { Impossible } from '../../domain/errors.ts'
import { findingInWords } from '../../domain/findings.ts'
import { formatInstant } from '../../domain/instant.ts'
import type { WorkProvider } from '../../domain/work-provider.ts'
import { listWorkProviders } from '../../storage/work-providers.ts'
import { errorSummary, field, formError, type FormErrors, NO_ERRORS, postForm } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { csvDownload, page, seeOther } from '../kit/replies.ts'
import { formatMoment } from '../kit/times.ts'
import type { StaffVisit } from '../kit/visit.ts'

/** Each is judged by some statements of its own. */
const SHOWN = 30
const DAYS = 7

/** GET /staff/work-providers, with `?from=` how many to leave out. */
export function showWorkProviders(visit: StaffVisit): Promise<Response> {
  return listPage(visit, NO_ERRORS)
}

/** GET /staff/work-providers.csv */
export function downloadWorkProviders(visit: StaffVisit): Response {
  const { context } = visit
  const pieces = async function* (): AsyncGenerator<string[][]> {
    for (const { id, name } of await listWorkProviders(context.db)) {
      const { total, lastReportAt, findings } = await readDataQuality(context, id, DAYS)
      const last = lastReportAt === null ? '' : formatInstant(lastReportAt)
      yield [
        [name, id, last, String(total.reports), findings.map((one) => findingInWords(one, formatInstant)).join(' ')],
      ]
    }
  }
  const headings = ['work provider', 'id', 'last report', `reports in ${DAYS} days`, 'what stands out']
  return csvDownload(visit, 'work-providers.csv', headings, pieces())
}

/** POST /staff/work-providers */
export async function makeWorkProvider(visit: StaffVisit): Promise<Response> {
  try {
    const { id } = await createWorkProvider(visit.context, visit.form.get('name') ?? '')
    return seeOther(visit, `/staff/work-providers/${id}`)
  } catch (error) {
    if (!(error instanceof Impossible)) throw error
    return listPage(visit, formError('name', error.message), 422)
  }
}

async function listPage(visit: StaffVisit, errors: FormErrors, status = 200): Promise<Response> {
  const from = Number(new URLSearchParams(visit.query).get('from') ?? '0')
  const first = Number.isSafeInteger(from) && from > 0 ? from : 0
  const all = await listWorkProviders(visit.context.db)
  const rows: Markup[] = []
  for (const one of all.slice(first, first + SHOWN)) rows.push(await row(visit, one))
  const body = html`${errorSummary(errors)}
    <h1>Work providers</h1>
    ${
      rows.length === 0
        ? html`<p>There are none${first === 0 ? ' yet' : ' here'}.</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th>Work provider</th>
                  <th>Last report</th>
                  <th class="number">Reports, ${DAYS} days</th>
                  <th>What stands out</th>
                </tr>
              </thead>
              <tbody>
                ${rows}
              </tbody>
            </table>
          </div>`
    }
    <p>
      ${first + SHOWN < all.length ? html`<a href="/staff/work-providers?from=${first + SHOWN}">More</a> · ` : nothing}
      <a href="/staff/work-providers.csv">All of them (CSV)</a>
    </p>
    ${mayAs(visit.person.role, 'admin') ? newForm(visit, errors) : nothing}`
  return page(visit, { title: 'Work providers', body, isWide: true, hasErrors: errors.size > 0 }, status)
}

async function row({ context }: StaffVisit, { id, name }: WorkProvider): Promise<Markup> {
  const { total, lastReportAt, findings } = await readDataQuality(context, id, DAYS)
  const moment = (instant: Parameters<typeof formatMoment>[0]): string =>
    formatMoment(instant, context.now(), context.timeZone)
  return html`<tr>
    <td class="name"><a href="/staff/work-providers/${id}">${name}</a></td>
    <td>${lastReportAt === null ? 'never' : moment(lastReportAt)}</td>
    <td class="number">${total.reports.toLocaleString('en-GB')}</td>
    <td class="name">${findings.map((finding) => html`<p>${findingInWords(finding, moment)}</p>`)}</td>
  </tr>`
}

function newForm(visit: StaffVisit, errors: FormErrors): Markup {
  return html`<section class="card" aria-labelledby="new">
    <h2 id="new">A new work provider</h2>
    ${postForm(
      '/staff/work-providers',
      html`${field(errors, { name: 'name', label: 'Name, as drivers see it', value: visit.form.get('name') ?? '' })}
        <button>Make it</button>`,
    )}
  </section>`
}
