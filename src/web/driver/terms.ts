import { insurerTerms, termsById } from '../../app/terms.ts'
import { paragraphsOf, type Terms } from '../../domain/terms.ts'
import { html } from '../kit/html.ts'
import { notFound, page } from '../kit/replies.ts'
import { formatDate } from '../kit/times.ts'
import type { Visit } from '../kit/visit.ts'

/** GET /terms: the insurer's own, as they are now. */
export async function showTerms(visit: Visit): Promise<Response> {
  return termsPage(visit, await insurerTerms(visit.context))
}

/** GET /terms/<id>: a document that somebody agreed to, as it was. */
export async function showOldTerms(visit: Visit): Promise<Response> {
  const terms = await termsById(visit.context, visit.parameters['terms'] ?? '')
  return terms === null ? notFound(visit) : termsPage(visit, terms)
}

function termsPage(visit: Visit, terms: Terms): Promise<Response> {
  return page(visit, {
    title: terms.title,
    body: html`<h1>${terms.title}</h1>
      <p class="hint below">Version ${terms.version}, of ${formatDate(terms.recordedAt, visit.context.timeZone)}</p>
      ${paragraphsOf(terms.body).map((paragraph) => html`<p>${paragraph}</p>`)}`,
  })
}
