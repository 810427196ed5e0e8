import { createHash } from 'node:crypto'
import type { Context } from './context.ts'

const TOKEN_BYTES = 24

/** A secret for a link or a cookie; what is stored of it is its hash. */
export function newToken(context: Context): string {
  return context.randomBytes(TOKEN_BYTES).toString('base64url')
}

export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
