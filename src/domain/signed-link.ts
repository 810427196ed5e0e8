import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Instant, instantOfEpochSeconds } from './instant.ts'

/**
 * Links that a work provider signs (product.md, "Linking"): `exp`, in unix seconds, and `sig`, the hex HMAC-SHA256 with
 * its link secret over the decoded parameters but `sig`, sorted by name, joined as `name=value` lines.
 */
export type LinkParameter = { readonly name: string; readonly value: string }

export type Signature = 'unsigned' | 'good' | 'bad' | 'expired'

export function signLink(parameters: readonly LinkParameter[], secret: string): string {
  const lines = parameters
    .filter((parameter) => parameter.name !== 'sig')
    .map(({ name, value }) => ({ name, line: `${name}=${value}` }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  return createHmac('sha256', secret)
    .update(lines.map(({ line }) => line).join('\n'))
    .digest('hex')
}

/** Judges the signature of a link by a work provider's live secrets. A name given twice is never good. */
export function judgeSignature(
  parameters: readonly LinkParameter[],
  secrets: readonly string[],
  now: Instant,
): Signature {
  const valueOf = (name: string): string | undefined => parameters.find((one) => one.name === name)?.value
  const [sig, exp] = [valueOf('sig'), valueOf('exp')]
  if (sig === undefined) return 'unsigned'
  if (new Set(parameters.map((one) => one.name)).size !== parameters.length) return 'bad'
  // `name=value` lines are told apart by their line ends: a value with one could stand for two parameters.
  if (parameters.some(({ name, value }) => /[\n=]/.test(name) || value.includes('\n'))) return 'bad'
  if (exp === undefined || !/^\d{1,12}$/.test(exp) || !/^[0-9a-f]{64}$/i.test(sig)) return 'bad'
  const given = Buffer.from(sig, 'hex')
  const isGood = secrets.some((secret) => timingSafeEqual(Buffer.from(signLink(parameters, secret), 'hex'), given))
  if (!isGood) return 'bad'
  return instantOfEpochSeconds(Number(exp)) <= now ? 'expired' : 'good'
}
