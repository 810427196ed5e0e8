import { hashOf, newToken } from '../../app/tokens.ts'
import type { Viewer } from '../../domain/link-intent.ts'
import type { Visit } from './visit.ts'

/** The cookie by which a browser that opened a link is known again; it says nothing of who uses it. */
const NAME = 'zego.browser'
const LIFE_SECONDS = 24 * 3_600
const TOKEN = /^[\w-]{32}$/

export function browserTokenOf(cookieHeader: string | null): string | null {
  for (const pair of (cookieHeader ?? '').split(';')) {
    const [name, value = ''] = pair.trim().split('=')
    if (name === NAME && TOKEN.test(value)) return value
  }
  return null
}

/** Whoever asks, as intents know them. */
export function viewerOf(visit: Visit): Viewer {
  return {
    browser: visit.browserToken === null ? null : browserHash(visit.browserToken),
    accountId: visit.driver?.account.id ?? null,
  }
}

/** The browser's hash; one that has no cookie yet is given one. */
export function knownBrowser(visit: Visit): string {
  const token = visit.browserToken ?? newToken(visit.context)
  const secure = visit.context.publicUrl.startsWith('https:') ? '; Secure' : ''
  visit.cookies.push(`${NAME}=${token}; Max-Age=${LIFE_SECONDS}; Path=/; HttpOnly; SameSite=Lax${secure}`)
  return browserHash(token)
}

function browserHash(token: string): string {
  return hashOf(token).toString('hex')
}
