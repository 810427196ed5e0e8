import type { z } from 'zod'
import { html, type Markup, nothing } from './html.ts'

/** The problems of a form, by field, in the words that the page shows; `form` for what is of no one field. */
export type FormErrors = ReadonlyMap<string, string>

export type ParsedForm<T> =
  | { readonly ok: true; readonly values: T }
  | { readonly ok: false; readonly errors: FormErrors }

export const NO_ERRORS: FormErrors = new Map()

/** What was typed, as the schema reads it, or the first problem of each field. */
export function parseForm<T>(schema: z.ZodType<T>, form: URLSearchParams): ParsedForm<T> {
  const parsed = schema.safeParse(Object.fromEntries(form))
  if (parsed.success) return { ok: true, values: parsed.data }
  const errors = new Map<string, string>()
  for (const issue of parsed.error.issues) {
    const field = String(issue.path[0] ?? 'form')
    if (!errors.has(field)) errors.set(field, issue.message)
  }
  return { ok: false, errors }
}

export function formError(field: string, message: string): FormErrors {
  return new Map([[field, message]])
}

/** At the top of the page, each problem with a way to its field. */
export function errorSummary(errors: FormErrors): Markup {
  if (errors.size === 0) return nothing
  return html`<div class="errors" role="alert" tabindex="-1" autofocus>
    <h2>There is a problem</h2>
    <ul>
      ${[...errors].map(([field, message]) =>
        field === 'form' ? html`<li>${message}</li>` : html`<li><a href="#${field}">${message}</a></li>`,
      )}
    </ul>
  </div>`
}

export type Field = {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'email' | 'password' | 'tel'
  readonly value?: string
  readonly hint?: string
  /** What browsers fill in (HTML's `autocomplete`). */
  readonly autocomplete?: string
}

export function field(
  errors: FormErrors,
  { name, label, type = 'text', value = '', hint, autocomplete }: Field,
): Markup {
  const error = errors.get(name)
  const described = [...(hint === undefined ? [] : [`${name}-hint`]), ...(error === undefined ? [] : [`${name}-error`])]
  return html`<div class="field ${error === undefined ? '' : 'field-wrong'}">
    <label for="${name}">${label}</label>
    ${hint === undefined ? nothing : html`<p class="hint" id="${name}-hint">${hint}</p>`}
    ${
      error === undefined
        ? nothing
        : html`<p class="error" id="${name}-error"><span class="unseen">Error: </span>${error}</p>`
    }
    <input
      id="${name}"
      name="${name}"
      type="${type}"
      ${type === 'password' ? nothing : html`value="${value}"`}
      autocomplete="${autocomplete ?? 'off'}"
      ${type === 'email' ? html`inputmode="email" autocapitalize="none" spellcheck="false"` : nothing}
      ${described.length === 0 ? nothing : html`aria-describedby="${described.join(' ')}"`}
      ${error === undefined ? nothing : html`aria-invalid="true"`}
    />
  </div>`
}

export function checkbox(errors: FormErrors, name: string, label: Markup, isChecked: boolean): Markup {
  const error = errors.get(name)
  return html`<div class="field ${error === undefined ? '' : 'field-wrong'}">
    ${
      error === undefined
        ? nothing
        : html`<p class="error" id="${name}-error"><span class="unseen">Error: </span>${error}</p>`
    }
    <div class="check">
      <input
        id="${name}"
        name="${name}"
        type="checkbox"
        value="yes"
        ${isChecked ? html`checked` : nothing}
        ${error === undefined ? nothing : html`aria-invalid="true" aria-describedby="${name}-error"`}
      />
      <label for="${name}">${label}</label>
    </div>
  </div>`
}

export function hidden(name: string, value: string | null): Markup {
  return value === null ? nothing : html`<input type="hidden" name="${name}" value="${value}" />`
}

/** A form that is checked by the server only, so that everybody sees the same words. */
export function postForm(action: string, inside: Markup): Markup {
  return html`<form method="post" action="${action}" novalidate>${inside}</form>`
}
