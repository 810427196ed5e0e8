import type { FeedEntry } from './feed.ts'
import { HMAC, webCrypto } from './web-crypto.ts'

/** What is posted to your address: an entry of your feed, or the message that tries the address. */
export type WebhookMessage =
  | FeedEntry
  | { readonly type: 'webhook.test'; readonly timestamp: string; readonly data: object }

/** As a server has them: `Headers`, or names and values. */
export type WebhookHeaders =
  | { get(name: string): string | null }
  | { readonly [name: string]: string | readonly string[] | undefined }

/** What was posted is not to be believed: answer 401, say, and act on none of it. */
export class WebhookError extends Error {
  override name = 'WebhookError'
}

/** How far the time of a message may be from now, as Standard Webhooks advises: nobody can send it again later. */
const TOLERANCE_SECONDS = 5 * 60
const SECRET_PREFIX = 'whsec_'
const SIGNATURE_PREFIX = 'v1,'

/**
 * Resolves to what was posted, if one of the secrets signed it in the last five minutes; rejects with a `WebhookError` if
 * not. `secrets`: the one that was shown, or the new and the old one while you rotate. `body`: as it came, before anything
 * parsed it.
 */
export async function verifyWebhook(
  secrets: string | readonly string[],
  headers: WebhookHeaders,
  body: string | Uint8Array,
  { now = Date.now }: { readonly now?: (() => number) | undefined } = {},
): Promise<WebhookMessage> {
  const keys = (typeof secrets === 'string' ? [secrets] : secrets).map(keyOf)
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const [id, sentAt, signatures] = ['id', 'timestamp', 'signature'].map((name) => headerOf(headers, `webhook-${name}`))
  if (!/^\d{1,15}$/.test(sentAt!)) throw new WebhookError('webhook-timestamp is no time')
  if (Math.abs(now() / 1_000 - Number(sentAt)) > TOLERANCE_SECONDS) {
    throw new WebhookError(`webhook-timestamp is more than ${TOLERANCE_SECONDS} s from now`)
  }
  const signed = joined(new TextEncoder().encode(`${id}.${sentAt}.`), bytes)
  const given = signatures!.split(' ').flatMap((one) => signatureOf(one) ?? [])
  if (!(await isSigned(signed, given, keys))) throw new WebhookError('no signature fits')
  return JSON.parse(new TextDecoder().decode(bytes)) as WebhookMessage
}

function keyOf(secret: string): Uint8Array<ArrayBuffer> {
  const key = fromBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret)
  // With an empty key anybody could sign.
  if (key === null || key.length === 0) throw new TypeError('a secret for webhooks is whsec_ and base64')
  return key
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = isHeaders(headers)
    ? headers.get(name)
    : Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1]
  if (typeof value !== 'string' || value === '') throw new WebhookError(`there is no header ${name}, or more than one`)
  return value
}

function isHeaders(headers: WebhookHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function'
}

function signatureOf(text: string): Uint8Array<ArrayBuffer> | null {
  return text.startsWith(SIGNATURE_PREFIX) ? fromBase64(text.slice(SIGNATURE_PREFIX.length)) : null
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return null
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(head.length + tail.length)
  all.set(head)
  all.set(tail, head.length)
  return all
}

type Bytes = Uint8Array<ArrayBuffer>

/** In a time that does not tell how much of a signature is right: `verify` of Web Crypto compares so. */
async function isSigned(signed: Bytes, signatures: readonly Bytes[], keys: readonly Bytes[]): Promise<boolean> {
  const { subtle } = await webCrypto()
  for (const bytes of keys) {
    const key = await subtle.importKey('raw', bytes, HMAC, false, ['verify'])
    for (const signature of signatures) {
      if (await subtle.verify(HMAC.name, key, signature, signed)) return true
    }
  }
  return false
}
