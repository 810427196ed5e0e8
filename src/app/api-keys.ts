import { hash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { AuditAction } from '../domain/audit.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant, plus } from '../domain/instant.ts'
import {
  type ApiKey,
  expireApiKey,
  findApiKey,
  findApiKeys,
  insertApiKey,
  type ListedApiKey,
  listApiKeys,
  revokeApiKey,
} from '../storage/api-keys.ts'
import { insertAudit } from '../storage/audit.ts'
import { type Database, databaseNow, inTransaction, isUniqueViolation } from '../storage/database.ts'
import type { Context } from './context.ts'
import { gather } from './gather.ts'
import { testTwin } from './sandbox.ts'
import { requireWorkProvider } from './work-providers.ts'

export const MIN_KEY_CHARACTERS = 8
export const MAX_KEY_CHARACTERS = 512
const KEY_RANDOM_BYTES = 24
const KEY_PREFIX = 'zego_'
/** So that a test key is known at a glance. */
export const TEST_KEY_PREFIX = 'zego_test_'
/** How long a process may go on taking a key after it was revoked elsewhere; `revokeKey` waits that long. */
export const KEY_CACHE_MS = 1_000
/** Only live keys are kept, so this bounds memory by the keys there are, not by the keys tried. */
const MAX_LOOKUPS_AT_ONCE = 500

/** `isTest`: with a test key; the work provider is the test twin then. */
export type Caller = { readonly keyId: string; readonly workProviderId: string; readonly isTest: boolean }

export type KeyRing = {
  /** The caller whose live key this is, or null. */
  find(key: string): Promise<Caller | null>
  /** As `find`, from what is remembered alone: null does not say that the key is no live one. */
  recall(key: string): Caller | null
}

/**
 * Looks keys up by their hash. A live one is remembered for a moment, so that the usual request asks the database
 * nothing; one that is not live is asked for each time, so that a new key works at once.
 */
export function openKeyRing(context: Context): KeyRing {
  const known = new Map<string, { key: ApiKey; until: number }>()
  const lookUp = gather<string, ApiKey | null>(MAX_LOOKUPS_AT_ONCE, async (hashes) => {
    const found = await findApiKeys(context.db, hashes)
    return hashes.map((hash) => found.get(hash) ?? null)
  })
  function recall(digest: string): Caller | null {
    const cached = known.get(digest)
    return cached !== undefined && performance.now() < cached.until ? callerOf(cached.key, context.now()) : null
  }
  return {
    recall: (key) => recall(digestOf(key)),
    async find(key) {
      const digest = digestOf(key)
      const recalled = recall(digest)
      if (recalled !== null) return recalled
      // A clock that nobody sets: `revokeKey` relies on this time to pass.
      const asked = performance.now()
      const found = await lookUp(digest)
      const caller = found === null ? null : callerOf(found, context.now())
      if (caller === null) known.delete(digest)
      else known.set(digest, { key: found!, until: asked + KEY_CACHE_MS })
      return caller
    },
  }
}

function digestOf(key: string): string {
  return hash('sha256', key, 'hex')
}

function callerOf(key: ApiKey, now: Instant): Caller | null {
  const isLive = key.revokedAt === null && (key.expiresAt === null || now < key.expiresAt)
  return isLive ? { keyId: key.id, workProviderId: key.workProviderId, isTest: key.isTest } : null
}

export type NewKey = { readonly id: string; readonly key: string; readonly workProvider: string }

/** Whose a key is: of a test key, the twin's, while the audit log speaks of the owner. */
type KeyHolder = { readonly workProviderId: string; readonly ownerId: string; readonly isTest: boolean }

/** Makes a key. This is the only time that it can be seen. */
export async function createKey(context: Context, workProviderName: string): Promise<NewKey> {
  const { id, name } = await requireWorkProvider(context.db, workProviderName)
  return makeKey(context, { workProviderId: id, ownerId: id, isTest: false }, name)
}

/** Makes a key of the sandbox, and the sandbox with the first: it sees test customers, and nobody else. */
export function createTestKey(context: Context, workProviderName: string): Promise<NewKey> {
  return inTransaction(context.db, async (db) => {
    const within = { ...context, db }
    const owner = await requireWorkProvider(db, workProviderName)
    const twin = await testTwin(within, workProviderName)
    return makeKey(within, { workProviderId: twin.id, ownerId: owner.id, isTest: true }, owner.name)
  })
}

async function makeKey(context: Context, holder: KeyHolder, workProvider: string): Promise<NewKey> {
  const prefix = holder.isTest ? TEST_KEY_PREFIX : KEY_PREFIX
  const key = prefix + context.randomBytes(KEY_RANDOM_BYTES).toString('base64url')
  return { id: await storeKey(context, holder, key, 'key created'), key, workProvider }
}

/** Takes over a key that the work provider's clients already send. */
export async function importKey(context: Context, workProviderName: string, key: string): Promise<Omit<NewKey, 'key'>> {
  if (key.length < MIN_KEY_CHARACTERS || key.length > MAX_KEY_CHARACTERS || !/^[!-~](?:[ -~]*[!-~])?$/.test(key)) {
    throw new Impossible(
      `a key has ${MIN_KEY_CHARACTERS} to ${MAX_KEY_CHARACTERS} visible ASCII characters, and spaces only inside`,
    )
  }
  if (key.startsWith(TEST_KEY_PREFIX)) {
    throw new Impossible(`what begins with ${TEST_KEY_PREFIX} is a test key: make one with "zego key create --test"`)
  }
  const { id, name } = await requireWorkProvider(context.db, workProviderName)
  const holder = { workProviderId: id, ownerId: id, isTest: false }
  return { id: await storeKey(context, holder, key, 'key imported'), workProvider: name }
}

export function listKeys(context: Context): Promise<ListedApiKey[]> {
  return listApiKeys(context.db)
}

/** Ends a key. When this is over no process takes it any more. */
export async function revokeKey(context: Context, id: string): Promise<ListedApiKey> {
  const { ownerId } = await requireKey(context.db, id)
  await inTransaction(context.db, async (trx) => {
    await revokeApiKey(trx, id)
    await insertAudit(trx, context.actor, { action: 'key revoked', subject: id, workProviderId: ownerId })
  })
  await delay(KEY_CACHE_MS)
  return requireKey(context.db, id)
}

/** Makes a new key for the work provider of an old one, which goes on for `overlap` microseconds. */
export async function rotateKey(
  context: Context,
  id: string,
  overlap: number,
): Promise<NewKey & { readonly oldKeyExpiresAt: Instant }> {
  return inTransaction(context.db, async (trx) => {
    const old = await requireKey(trx, id)
    const now = await databaseNow(trx)
    if (old.revokedAt !== null || (old.expiresAt !== null && old.expiresAt <= now)) {
      throw new Impossible(`key ${id} is not live: make a new one with "zego key create"`)
    }
    const created = await makeKey({ ...context, db: trx }, old, old.workProvider)
    await expireApiKey(trx, id, plus(now, overlap))
    const oldKeyExpiresAt = (await requireKey(trx, id)).expiresAt!
    const details = { replacedBy: created.id, until: formatInstant(oldKeyExpiresAt) }
    await insertAudit(trx, context.actor, {
      action: 'key rotated',
      subject: id,
      workProviderId: old.ownerId,
      details,
    })
    return { ...created, oldKeyExpiresAt }
  })
}

async function requireKey(db: Database, id: string): Promise<ListedApiKey> {
  const key = await findApiKey(db, id)
  if (key === null) throw new Impossible(`there is no key with the id ${id}`)
  return key
}

async function storeKey(
  context: Context,
  { workProviderId, ownerId, isTest }: KeyHolder,
  key: string,
  action: AuditAction,
): Promise<string> {
  const id = context.newId()
  try {
    await inTransaction(context.db, async (trx) => {
      await insertApiKey(trx, { id, workProviderId, hash: hashOf(key), expiresAt: null })
      const details = isTest ? { test: true } : {}
      await insertAudit(trx, context.actor, { action, subject: id, workProviderId: ownerId, details })
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Impossible('this key was used before: a key is never taken twice')
    throw error
  }
  return id
}

function hashOf(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}
