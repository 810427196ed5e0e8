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

/** A field with its label. */
export type Labelled = {
  readonly name: string
  /** Where a page has two fields of one name, in two forms. */
  readonly id?: string
  readonly label: string
  readonly hint?: string
  readonly value?: string
}

export type Field = Labelled & {
  readonly type?: 'text' | 'email' | 'password' | 'tel' | 'search' | 'number' | 'date' | 'datetime-local'
  /** What browsers fill in (HTML's `autocomplete`). */
  readonly autocomplete?: string
  /** Of a number or a time: how fine it is, in seconds for a time. */
  readonly step?: number
}

export function field(errors: FormErrors, input: Field): Markup {
  const { name, id = name, type = 'text', value = '', autocomplete, step } = input
  return framed(
    errors,
    input,
    (described) =>
      html`<input
        id="${id}"
        name="${name}"
        type="${type}"
        ${type === 'password' ? nothing : html`value="${value}"`}
        autocomplete="${autocomplete ?? 'off'}"
        ${step === undefined ? nothing : html`step="${step}"`}
        ${type === 'email' ? html`inputmode="email" autocapitalize="none" spellcheck="false"` : nothing}
        ${described}
      />`,
  )
}

export type Choice = { readonly value: string; readonly label: string }

export function select(errors: FormErrors, input: Labelled & { readonly choices: readonly Choice[] }): Markup {
  const { name, id = name, value = '', choices } = input
  return framed(
    errors,
    input,
    (described) =>
      html`<select id="${id}" name="${name}" ${described}>
        ${choices.map(
          (choice) =>
            html`<option value="${choice.value}" ${choice.value === value ? html`selected` : nothing}>
              ${choice.label}
            </option>`,
        )}
      </select>`,
  )
}

export function textArea(errors: FormErrors, input: Labelled): Markup {
  const { name, id = name, value = '' } = input
  return framed(
    errors,
    input,
    // The line break that begins a text area is no part of its text.
    (described) => html`<textarea id="${id}" name="${name}" rows="8" ${described}>${'\n'}${value}</textarea>`,
  )
}

/** What stands around a field: its label, its hint, what is wrong with it; and what tells so to those who hear the page. */
function framed(
  errors: FormErrors,
  { name, id = name, label, hint }: Labelled,
  control: (described: Markup) => Markup,
): Markup {
  const error = errors.get(name)
  const described = [...(hint === undefined ? [] : [`${id}-hint`]), ...(error === undefined ? [] : [`${id}-error`])]
  return html`<div class="field ${error === undefined ? '' : 'field-wrong'}">
    <label for="${id}">${label}</label>
    ${hint === undefined ? nothing : html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${
      error === undefined
        ? nothing
        : html`<p class="error" id="${id}-error"><span class="unseen">Error: </span>${error}</p>`
    }
    ${control(
      html`${described.length === 0 ? nothing : html`aria-describedby="${described.join(' ')}"`}
      ${error === undefined ? nothing : html`aria-invalid="true"`}`,
    )}
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
