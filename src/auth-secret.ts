import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context } from './app/context.ts'
import type { Config } from './config.ts'
import { sharedSecret } from './storage/shared-secrets.ts'

const SECRET_BYTES = 32
const FILE = 'auth-secret'
const OWNER_ONLY = 0o600

/**
 * What signs the cookies of those who log in. Where none is configured one is made, once: beside the embedded database,
 * or in the database that several processes share.
 */
export async function authSecret(context: Context, config: Config): Promise<string> {
  if (config.authSecret !== undefined) return config.authSecret
  const made = context.randomBytes(SECRET_BYTES).toString('base64url')
  if (!context.isEmbedded) return sharedSecret(context.db, 'auth', made)
  const path = join(config.dataDir, FILE)
  if (!existsSync(path)) {
    // Whole or not at all: a secret cut off by a crash would be a weak one.
    writeFileSync(`${path}.new`, `${made}\n`, { mode: OWNER_ONLY, flush: true })
    renameSync(`${path}.new`, path)
  }
  return readFileSync(path, 'utf8').trim()
}
