import { type ApiDescription, resolve, type Schema } from '../kit/api-description.ts'
import { html, type Markup, nothing } from '../kit/html.ts'
import { inline } from './frame.ts'

export type FieldShown = {
  readonly name: string
  /** What stands beside the name. */
  readonly notes: readonly string[]
  readonly description: string
}

/** The fields of an object, as the API's description has them. */
export function fieldsOfObject(api: ApiDescription, given: Schema): FieldShown[] {
  const { properties = {} } = resolve(api, given)
  return Object.entries(properties).map(([name, property]) => ({
    name,
    notes: property.deprecated === true ? ['deprecated'] : [],
    description: descriptionOf(api, property),
  }))
}

/** In words; of what has no words of its own, what it may be. */
function descriptionOf(api: ApiDescription, property: Schema): string {
  const variants = (property.anyOf ?? [property]).map((one) => resolve(api, one))
  const words = [property, ...variants].find((one) => one.description !== undefined)?.description ?? ''
  const parts = variants.flatMap((one) => Object.keys(one.properties ?? {}))
  const values = variants.flatMap((one) => one.enum ?? [])
  if (values.length > 0 && variants.some((one) => one.type === 'null')) values.push(null)
  return [
    words,
    parts.length === 0 ? '' : `Has ${parts.map((name) => `\`${name}\``).join(', ')}.`,
    values.length === 0 ? '' : `One of ${values.map((value) => `\`${String(value)}\``).join(', ')}.`,
  ]
    .filter((text) => text !== '')
    .join(' ')
}

export function fieldList(fields: readonly FieldShown[]): Markup {
  if (fields.length === 0) return nothing
  return html`<dl class="facts">
    ${fields.map(
      ({ name, notes, description }) =>
        html`<dt><code>${name}</code> <span class="hint">${notes.join(', ')}</span></dt>
          <dd>${inline(description)}</dd>`,
    )}
  </dl>`
}
