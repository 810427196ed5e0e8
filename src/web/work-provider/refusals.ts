import { ERRORS } from '../../domain/errors.ts'
import { formatInstant } from '../../domain/instant.ts'
import { countRefusals, KEPT_REFUSALS, listRefusals, type StoredRefusal } from '../../storage/refusals.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { csvDownload } from '../kit/replies.ts'
import { momentOf, type Subject } from './subject.ts'

const SHOWN = 20

/** GET <at>/refusals.csv: the last that are kept. */
export function downloadRefusals({ visit, workProvider }: Subject): Promise<Response> {
  const pieces = async function* (): AsyncGenerator<string[][]> {
    const kept = await listRefusals(visit.context.db, workProvider.id, KEPT_REFUSALS)
    yield kept.map((one) => [
      formatInstant(one.at),
      one.requestId,
      one.method,
      one.path,
      String(one.status),
      one.error,
      one.detail,
    ])
  }
  const headings = ['at', 'request', 'method', 'path', 'status', 'error', 'detail']
  return Promise.resolve(csvDownload(visit, 'refusals.csv', headings, pieces()))
}

export async function refusalsSection(subject: Subject): Promise<Markup> {
  const { visit, workProvider, at } = subject
  const counts = Object.entries(await countRefusals(visit.context.db, workProvider.id))
  const last = await listRefusals(visit.context.db, workProvider.id, SHOWN)
  return html`<section class="card" aria-labelledby="refusals">
    <h2 id="refusals">Refused requests</h2>
    ${
      counts.length === 0
        ? html`<p>None.</p>`
        : html`<p>${counts.map(([error, count]) => `${titleOf(error)}: ${count}`).join('; ')}.</p>
            <div class="scroll" tabindex="0">
              <table>
                <thead>
                  <tr>
                    <th>When</th>
                    <th>What was asked</th>
                    <th>Status</th>
                    <th>Why</th>
                  </tr>
                </thead>
                <tbody>
                  ${last.map((refusal) => row(subject, refusal))}
                </tbody>
              </table>
            </div>
            <p><a href="${at}/refusals.csv">The last ${KEPT_REFUSALS} (CSV)</a></p>`
    }
  </section>`
}

function titleOf(error: string): string {
  return (ERRORS as Readonly<Record<string, { title: string }>>)[error]?.title ?? error
}

function row(subject: Subject, { at, method, path, status, detail }: StoredRefusal): Markup {
  return html`<tr>
    <td>${momentOf(subject, at)}</td>
    <td class="name"><code>${method} ${path}</code></td>
    <td>${status}</td>
    <td class="name">${detail === '' ? nothing : detail}</td>
  </tr>`
}
