/** A global everywhere but in Node 18, which keeps it in a module that bundlers for browsers are not to look for. */
export async function webCrypto(): Promise<Pick<Crypto, 'subtle'>> {
  const module = 'node:crypto'
  const isGlobal = 'crypto' in globalThis
  if (isGlobal) return globalThis.crypto
  return ((await import(/* webpackIgnore: true */ /* @vite-ignore */ module)) as { webcrypto: Crypto }).webcrypto
}

export const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const
