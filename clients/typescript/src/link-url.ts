import { type InstantLike, unixSeconds } from './timestamps.ts'
import { HMAC, webCrypto } from './web-crypto.ts'

/** What a link that you give to a courier says of them. They agree to it themselves: it links nobody. */
export type Link = {
  /** Where the pages are: `https://api.example.com`. */
  readonly baseUrl: string
  /** Your name, as agreed with Zego. */
  readonly workProvider: string
  /** Your own id for them. */
  readonly workProviderUserId: string
  /** Where they are to sign up or log in. */
  readonly email?: string | undefined
}

/** One that shows that it comes from you, and stays good until it expires. */
export type SignedLink = Link & {
  /** Your link secret. It belongs on a server, never in a page or an app. */
  readonly secret: string
  readonly expiresAt: Date | InstantLike
}

export function linkUrl(link: Link): string {
  return urlOf(link, parametersOf(link))
}

/** Signed by the hex HMAC-SHA256, with the link secret, over the parameters, sorted by name, as `name=value` lines. */
export async function signedLinkUrl({ secret, expiresAt, ...link }: SignedLink): Promise<string> {
  const parameters = { ...parametersOf(link), exp: String(unixSeconds(expiresAt)) }
  return urlOf(link, { ...parameters, sig: await hmac(secret, linesOf(parameters)) })
}

type Parameters = Readonly<Record<string, string>>

function parametersOf({ workProvider, workProviderUserId, email }: Link): Parameters {
  return {
    work_provider: workProvider,
    work_provider_user_id: workProviderUserId,
    ...(email === undefined ? {} : { email }),
  }
}

function urlOf({ baseUrl }: Link, parameters: Parameters): string {
  return `${baseUrl.replace(/\/+$/, '')}/link-work-provider?${new URLSearchParams(parameters).toString()}`
}

function linesOf(parameters: Parameters): string {
  // Lines are told apart by their ends: the server takes no value that has one.
  if (Object.values(parameters).some((value) => value.includes('\n'))) {
    throw new TypeError('a signed link cannot hold a line end')
  }
  return Object.keys(parameters)
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join('\n')
}

async function hmac(secret: string, text: string): Promise<string> {
  const { subtle } = await webCrypto()
  const encoder = new TextEncoder()
  const key = await subtle.importKey('raw', encoder.encode(secret), HMAC, false, ['sign'])
  const signature = new Uint8Array(await subtle.sign(HMAC.name, key, encoder.encode(text)))
  return [...signature].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
