import type { TestSite } from './site.ts'

export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where it redirects to, as it was sent; null where it does not. */
  readonly location: string | null
}

export type VisitorOptions = {
  /** The address it comes from. */
  readonly address?: string
}

/**
 * A browser without a screen: it keeps cookies, sends what a browser sends with its own forms, and follows nothing by
 * itself.
 */
export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly #site: Pick<TestSite, 'url'>
  readonly #address: string

  constructor(site: Pick<TestSite, 'url'>, { address = '192.0.2.1' }: VisitorOptions = {}) {
    this.#site = site
    this.#address = address
  }

  get(target: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.#ask('GET', target, undefined, headers)
  }

  /** Sends a form of the site's own. */
  post(target: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    const own = { Origin: this.#site.url, 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' }
    return this.#ask('POST', target, new URLSearchParams(fields), { ...own, ...headers })
  }

  /** Sends a form with exactly these headers besides its cookies: as another site would make a browser send it. */
  postAs(target: string, fields: Record<string, string>, headers: Record<string, string>): Promise<Answer> {
    return this.#ask('POST', target, new URLSearchParams(fields), headers)
  }

  /** GETs, and every redirect after it. */
  async follow(target: string): Promise<Answer & { readonly at: string }> {
    let at = target
    for (let hops = 0; hops < 10; hops++) {
      const answer = await this.get(at)
      if (answer.location === null) return { ...answer, at }
      at = answer.location
    }
    throw new Error(`${target} redirects for ever`)
  }

  async #ask(
    method: string,
    target: string,
    form: URLSearchParams | undefined,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(new URL(target, this.#site.url), {
      method,
      redirect: 'manual',
      headers: {
        Accept: 'text/html,application/xhtml+xml',
        'X-Forwarded-For': this.#address,
        ...(cookie === '' ? {} : { Cookie: cookie }),
        ...headers,
      },
      ...(form === undefined ? {} : { body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const isGone = attributes.some((attribute) => /^\s*max-age=0$/i.test(attribute))
      if (isGone) this.cookies.delete(pair.slice(0, at))
      else this.cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: response.headers.get('location'),
    }
  }
}

export const PASSWORD = 'three words together'

/** Signs a new driver up, by the mail, in this browser. Answers where the browser is led then. */
export async function signUp(
  site: Pick<TestSite, 'linkMailedTo'>,
  visitor: Visitor,
  email: string,
  { name = 'Dana Driver', link }: { name?: string; link?: string } = {},
): Promise<string> {
  await visitor.post('/signup', { email, ...(link === undefined ? {} : { link }) })
  const page = await site.linkMailedTo(email)
  return finishSignUp(visitor, page, name)
}

/** Fills in the page behind the mailed link. */
export async function finishSignUp(visitor: Visitor, page: string, name = 'Dana Driver'): Promise<string> {
  const shown = await visitor.get(page)
  const termsId = /name="termsId" value="([^"]+)"/.exec(shown.text)?.[1]
  if (termsId === undefined) throw new Error(`no terms on ${page}: ${shown.status}`)
  const done = await visitor.post(page, { name, password: PASSWORD, phone: '', termsId, agree: 'yes' })
  if (done.location === null) throw new Error(`sign-up was not taken: ${done.status} ${done.text}`)
  return done.location
}

export async function logIn(visitor: Visitor, email: string, password = PASSWORD, link?: string): Promise<Answer> {
  return visitor.post('/login', { email, password, ...(link === undefined ? {} : { link }) })
}

/** Says yes on the consent page of an intent. */
export async function agree(visitor: Visitor, page: string): Promise<Answer> {
  const shown = await visitor.get(page)
  const hidden = shown.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return visitor.post(page, {
    ...Object.fromEntries([...hidden].map(([, name, value]) => [name, value])),
    decision: 'yes',
  })
}
