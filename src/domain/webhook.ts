import { createHmac } from 'node:crypto'
import { type Instant, MICROSECONDS_PER_SECOND } from './instant.ts'

/** As Standard Webhooks writes a secret: the prefix, and the key in base64. */
const SECRET_PREFIX = 'whsec_'
export const WEBHOOK_SECRET_BYTES = 32
export const MAX_URL_CHARACTERS = 2_000

export type WebhookMessage = { readonly id: string; readonly at: Instant; readonly body: string }

export function formatWebhookSecret(bytes: Buffer): string {
  return `${SECRET_PREFIX}${bytes.toString('base64')}`
}

/** The headers of a message, signed with each of the secrets (standardwebhooks.com, "Signature scheme"). */
export function webhookHeaders({ id, at, body }: WebhookMessage, secrets: readonly string[]): Record<string, string> {
  const seconds = String(Math.floor(at / MICROSECONDS_PER_SECOND))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signatures.join(' ') }
}

/** What is wrong with an address for webhooks, to be said after it; null when nothing is. */
export function urlProblem(text: string, mayBePlain: boolean): string | null {
  if (text.length > MAX_URL_CHARACTERS) return `has more than ${MAX_URL_CHARACTERS} characters`
  if (!URL.canParse(text)) return 'is no URL'
  const { protocol, username, password, hash } = new URL(text)
  if (protocol !== 'https:' && !(mayBePlain && protocol === 'http:')) return 'does not begin with https://'
  if (username !== '' || password !== '') return 'has a name or a password in it'
  return hash === '' ? null : 'has a # in it'
}

/** How long to wait after each try that failed, in seconds; after the last there is none. About three days in all. */
export const RETRY_SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 64_800, 86_400] as const
/** So that what failed together does not come back together: each wait is longer by up to this part of it. */
const JITTER = 0.1

/** The wait after the try of this number (from 1 on); null: it was the last. `random`: from 0 up to 1. */
export function retryAfterSeconds(tries: number, random: number): number | null {
  const seconds = RETRY_SECONDS[tries - 1]
  return seconds === undefined ? null : seconds * (1 + JITTER * random)
}

/**
 * What an answer to a webhook means (Standard Webhooks; of `customer.signed_up` also docs, "Webhooks"):
 * `gone`: the receiver wants no more of them.
 */
export type Verdict =
  | { readonly kind: 'delivered' | 'again' | 'gone' }
  | { readonly kind: 'matched'; readonly workProviderUserId: string | null }
  | { readonly kind: 'not matched' }

export function verdictOf(type: string, { status, body }: { status: number; body: string }): Verdict {
  if (status === 410) return { kind: 'gone' }
  if (type === 'customer.signed_up') {
    if (status === 404) return { kind: 'not matched' }
    if (status === 204) return { kind: 'matched', workProviderUserId: null }
    const workProviderUserId = status === 200 ? userIdIn(body) : null
    if (workProviderUserId !== null) return { kind: 'matched', workProviderUserId }
  }
  return { kind: isSuccess(status) ? 'delivered' : 'again' }
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/** The id in an answer; null where it holds none, which says nothing about the person. */
function userIdIn(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body)
    const id = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'workProviderUserId') : null
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}
