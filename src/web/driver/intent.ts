import { intentFor } from '../../app/link-intents.ts'
import { isIntentOpen, type LinkIntent } from '../../domain/link-intent.ts'
import { viewerOf } from '../kit/browser.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'

/** The open intent that a page's `?link=` names, if it is for this visitor. */
export function intentOfQuery(visit: Visit): Promise<LinkIntent | null> {
  return openIntent(visit, new URLSearchParams(visit.query).get('link'))
}

export function intentOfForm(visit: Visit): Promise<LinkIntent | null> {
  return openIntent(visit, visit.form.get('link'))
}

async function openIntent(visit: Visit, id: string | null): Promise<LinkIntent | null> {
  const intent = await intentFor(visit.context, id, viewerOf(visit))
  return intent !== null && isIntentOpen(intent, visit.context.now()) ? intent : null
}

/** A path of ours that carries an intent along. */
export function withLink(path: string, intent: LinkIntent | null): string {
  return intent === null ? path : `${path}?link=${intent.id}`
}

/** What a visitor is on the way to. */
export function intentNote(intent: LinkIntent): Markup {
  return html`<p class="card">
    Next: link your account to <strong>${intent.workProvider}</strong>${
      intent.userId === null ? nothing : html` (your id there: <strong>${intent.userId}</strong>)`
    }.
  </p>`
}
