import { html, type Markup, nothing } from '../kit/html.ts'
import type { Visit } from '../kit/visit.ts'
import { type ApiDescription, type Answer, type Operation, resolve, type Schema } from '../kit/api-description.ts'
import { chapter, inline, keyField, samples } from './frame.ts'
import { type FieldShown, fieldList, fieldsOfObject } from './fields.ts'
import { SAMPLES } from './samples.ts'

/** GET /docs/calls: all of the API, from its description. */
export function showCalls(visit: Visit): Promise<Response> {
  const { api } = visit
  const calls = Object.entries(api.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  return chapter(
    visit,
    '/docs/calls',
    html`<h1>Calls</h1>
      <p>
        Every call carries your key in <code>Authorization</code>, unless it says that none is needed. Bodies are JSON;
        the Content-Type does not matter. A slash at the end of a path changes nothing. Errors have one short body and a
        <code>Zego-Error-Detail</code>: <a href="/docs/errors">what to do</a> about each.
      </p>
      ${keyField()}
      <ul>
        ${calls.map(({ path, method, operation }) => html`<li><a href="#${idOf(method, path)}">${operation.summary}</a>: <code>${method} ${path}</code></li>`)}
      </ul>
      ${api.tags.map(
        ({ name, description }) =>
          html`<h2>${name}</h2>
            <p>${inline(description)}</p>
            ${calls
              .filter(({ operation }) => operation.tags.includes(name))
              .map(({ path, method, operation }) => call(visit, method, path, operation))}`,
      )}`,
  )
}

function idOf(method: string, path: string): string {
  return `${method}${path}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
}

function call(visit: Visit, method: string, path: string, operation: Operation): Markup {
  const { api } = visit
  const id = idOf(method, path)
  const sample = SAMPLES[path]
  return html`<section class="card" aria-labelledby="${id}">
    <h3 id="${id}">${operation.summary}</h3>
    <p><code>${method} ${path}</code></p>
    ${operation.description?.split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p>`)}
    ${fieldsOf(api, operation)} ${sample === undefined ? nothing : samples(visit, sample)} ${answers(api, operation)}
  </section>`
}

function fieldsOf(api: ApiDescription, { parameters = [], requestBody }: Operation): Markup {
  const body = requestBody?.content['application/json'].schema
  const fields: FieldShown[] = [
    ...parameters.map((one) => ({
      name: one.name,
      notes: [one.in, ...(one.deprecated === true ? ['deprecated'] : [])],
      description: one.description ?? '',
    })),
    ...(body === undefined ? [] : bodyFields(api, body)),
  ]
  return fieldList(fields)
}

/** Of a batch those of each item. */
function bodyFields(api: ApiDescription, given: Schema): FieldShown[] {
  const { items } = resolve(api, given)
  const fields = fieldsOfObject(api, items ?? given)
  return fields.map((one) => ({ ...one, notes: [items === undefined ? 'body' : 'each item', ...one.notes] }))
}

function answers(api: ApiDescription, { responses }: Operation): Markup {
  return html`<details>
    <summary>Answers: ${Object.keys(responses).join(', ')}</summary>
    <dl class="facts">
      ${Object.entries(responses).map(
        ([status, given]) =>
          html`<dt><code>${status}</code></dt>
            <dd>${answer(resolve(api, given))}</dd>`,
      )}
    </dl>
  </details>`
}

function answer({ description, content = {} }: Answer): Markup {
  const examples = Object.values(content['application/json']?.examples ?? {})
  return html`<p>${inline(description)}</p>
    ${examples.map(({ value }) => html`<pre tabindex="0"><code>${JSON.stringify(value)}</code></pre>`)}`
}
