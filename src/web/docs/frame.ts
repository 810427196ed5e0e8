import { asset } from '../kit/asset.ts'
import { html, type Markup } from '../kit/html.ts'
import { page } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'
import { KEY_PLACE, LANGUAGE_NAMES, LANGUAGES, program, type Sample } from './samples.ts'
import type { Program } from './webhook-samples.ts'

export const DOCS_SCRIPT = asset('docs', 'js', [new URL('./docs.js', import.meta.url)])

const CHAPTERS = [
  { path: '/docs', title: 'Getting started' },
  { path: '/docs/calls', title: 'Calls' },
  { path: '/docs/errors', title: 'Errors' },
  { path: '/docs/linking', title: 'Linking' },
  { path: '/docs/webhooks', title: 'Feed and webhooks' },
  { path: '/docs/testing', title: 'Testing' },
  { path: '/docs/limits', title: 'Limits' },
  { path: '/docs/changes', title: 'Changes' },
] as const

/** A page of the documents for work providers, with the way to the others. */
export function chapter(visit: Visit, path: (typeof CHAPTERS)[number]['path'], body: Markup): Promise<Response> {
  const { title } = CHAPTERS.find((one) => one.path === path)!
  return page(visit, {
    title: path === '/docs' ? 'For work providers' : `${title}, for work providers`,
    isWide: true,
    head: html`<script type="module" src="${DOCS_SCRIPT.path}"></script>`,
    body: html`<nav class="chapters" aria-label="Documents">
        ${CHAPTERS.map((one) =>
          one.path === path
            ? html`<a href="${one.path}" aria-current="page">${one.title}</a> `
            : html`<a href="${one.path}">${one.title}</a> `,
        )}
      </nav>
      ${body}`,
  })
}

/** Where the reader's key goes: it is filled in by the browser and sent nowhere. Shown where scripts run. */
export function keyField(): Markup {
  return html`<div class="field" id="own-key" hidden>
    <label for="key">Your key, for the samples on this page</label>
    <p class="hint" id="key-hint">It stays in this page: it is sent nowhere, and forgotten when you leave.</p>
    <input id="key" type="password" autocomplete="off" spellcheck="false" aria-describedby="key-hint" />
  </div>`
}

/** One call in each language, side by side where there is room. */
export function samples(visit: Visit, sample: Sample): Markup {
  return html`<div class="samples">
    ${LANGUAGES.map(
      (language) =>
        html`<figure>
          <figcaption>${LANGUAGE_NAMES[language]}</figcaption>
          <pre
            tabindex="0"
            data-language="${language}"
          ><code>${withKeyPlaces(program(language, visit.context.publicUrl, sample))}</code></pre>
        </figure>`,
    )}
  </div>`
}

/** Whole programs, side by side where there is room. */
export function programs(visit: Visit, shown: readonly Program[]): Markup {
  return html`<div class="samples two">
    ${shown.map(
      ({ language, title, code }) =>
        html`<figure>
          <figcaption>${title}</figcaption>
          <pre
            tabindex="0"
            data-language="${language}"
          ><code>${withKeyPlaces(code(visit.context.publicUrl).trim())}</code></pre>
        </figure>`,
    )}
  </div>`
}

function withKeyPlaces(text: string): Markup[] {
  return text
    .split(KEY_PLACE)
    .map((part, index) => (index === 0 ? html`${part}` : html`<span class="key">${KEY_PLACE}</span>${part}`))
}

/** Text of the API's description: \`code\` and **what is stressed**. */
export function inline(text: string): Markup[] {
  return text
    .split(/(`[^`]+`|\*\*[^*]+\*\*)/)
    .map((part) =>
      part.startsWith('`')
        ? html`<code>${part.slice(1, -1)}</code>`
        : part.startsWith('**')
          ? html`<strong>${part.slice(2, -2)}</strong>`
          : html`${part}`,
    )
}
