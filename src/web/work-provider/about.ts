import { readApiUse } from '../../app/api-use.ts'
import { COUNTED_DAYS } from '../../app/count-quality.ts'
import { errorSummary, type FormErrors } from '../kit/forms.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import { keysSection } from './keys.ts'
import { linkBuilderSection } from './link-builder.ts'
import { linkSecretsSection } from './link-secrets.ts'
import { qualitySection } from './quality.ts'
import { refusalsSection } from './refusals.ts'
import type { Subject } from './subject.ts'

/** The page of a work provider; `more` is what only staff see of it. */
export async function workProviderPage(
  subject: Subject,
  errors: FormErrors,
  { status = 200, more = nothing }: { status?: number; more?: Markup } = {},
): Promise<Response> {
  const { visit, workProvider, at } = subject
  const { keys, deprecated } = await readApiUse(visit.context, workProvider.id, COUNTED_DAYS)
  const canBuildLinks = subject.mayChange || !subject.isForStaff
  const body = html`${errorSummary(errors)}
    <h1>${workProvider.name}</h1>
    <p>
      <a href="${at}/requests">Its requests, and what became of them</a> ·
      <a href="${at}/webhooks">Its webhooks, and what they were told</a> · <a href="${at}/test">Test keys</a>
    </p>
    ${await qualitySection(subject)} ${deprecatedSection(deprecated)} ${await refusalsSection(subject)}
    ${keysSection(subject, keys, errors)} ${await linkSecretsSection(subject, errors)}
    ${canBuildLinks ? linkBuilderSection(subject, errors) : nothing} ${more}`
  return page(visit, { title: workProvider.name, body, isWide: true, hasErrors: errors.size > 0 }, status)
}

export function deprecatedSection(deprecated: Awaited<ReturnType<typeof readApiUse>>['deprecated']): Markup {
  if (deprecated.length === 0) return nothing
  const byField = Map.groupBy(deprecated, ({ field }) => field)
  return html`<section class="card" aria-labelledby="deprecated">
    <h2 id="deprecated">Deprecated fields still used</h2>
    <ul>
      ${[...byField].map(
        ([field, uses]) =>
          html`<li>
            <code>${field}</code>: ${uses.reduce((sum, use) => sum + use.requests, 0)} requests in ${COUNTED_DAYS} days,
            the last on ${uses.at(-1)!.day}
          </li>`,
      )}
    </ul>
  </section>`
}
