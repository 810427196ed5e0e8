import { html, type Markup } from './html.ts'
import { STYLESHEET_PATH } from './stylesheet.ts'
import type { Visit } from './visit.ts'

export type PageContent = {
  readonly title: string
  readonly body: Markup
  /** Something is wrong with what was sent: the title says so first, for those who hear it. */
  readonly hasErrors?: boolean
  /** For what needs the room; everything else is in one narrow column. */
  readonly isWide?: boolean
}

export function layout(visit: Pick<Visit, 'driver'>, { title, body, hasErrors, isWide }: PageContent): Markup {
  const fullTitle = `${hasErrors === true ? 'Error: ' : ''}${title} – Zego`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${fullTitle}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${STYLESHEET_PATH}" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="bar">
          <div class="bar-inside">
            <a class="brand" href="${visit.driver === null ? '/' : '/home'}">Zego</a>
            ${
              visit.driver === null
                ? html`<nav aria-label="Site"><a href="/login">Log in</a></nav>`
                : html`<nav aria-label="Site">
                    <a href="/home">Home</a> <a href="/account">Account</a>
                    <form method="post" action="/logout"><button class="as-link">Log out</button></form>
                  </nav>`
            }
          </div>
        </header>
        <main id="main" class="${isWide === true ? 'wide' : ''}">${body}</main>
        <footer>
          <p>Pay-as-you-go insurance for couriers. <a href="/terms">Terms</a> <a href="/docs">For work providers</a></p>
        </footer>
      </body>
    </html>`
}
