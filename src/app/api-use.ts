import type { DeprecatedField } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import { addDays, type UtcDay, utcDayOf } from '../domain/utc-day.ts'
import { type ListedApiKey, newestApiKeys } from '../storage/api-keys.ts'
import { type DeprecatedUse, deprecatedUseSince, type KeyUse, storeApiUse } from '../storage/api-use.ts'
import { databaseNow } from '../storage/database.ts'
import type { Context } from './context.ts'
import { startWorker } from './worker.ts'

const FLUSH_MS = 2_000
/** More than anybody has; revoked ones are among them. */
export const MAX_LISTED_KEYS = 200

export type ApiUseLog = {
  /** A live key was sent. */
  noteKey(keyId: string, now: Instant): void
  /** A request used a deprecated field. */
  noteDeprecated(workProviderId: string, field: DeprecatedField): void
  stop(): Promise<void>
}

/**
 * Notes when each key was last used, and counts the requests that use deprecated fields. Every request comes by here:
 * it costs an entry in a map, and the maps are stored every few seconds. A crash loses as much.
 */
export function startApiUseLog(context: Context): ApiUseLog {
  let keys = new Map<string, Instant>()
  let fields = new Map<string, { workProviderId: string; field: DeprecatedField; requests: number }>()

  function addFields(workProviderId: string, field: DeprecatedField, requests: number): void {
    const known = fields.get(`${workProviderId}/${field}`)
    if (known === undefined) fields.set(`${workProviderId}/${field}`, { workProviderId, field, requests })
    else known.requests += requests
  }

  async function flush(): Promise<boolean> {
    if (keys.size === 0 && fields.size === 0) return false
    const [gatheredKeys, gatheredFields] = [keys, fields]
    keys = new Map()
    fields = new Map()
    const day = utcDayOf(context.now())
    const uses = [...gatheredKeys].map(([keyId, lastUsedAt]): KeyUse => ({ keyId, lastUsedAt }))
    const counts = [...gatheredFields.values()].map((one): DeprecatedUse => ({ ...one, day }))
    try {
      await storeApiUse(context.db, uses, counts)
    } catch (error) {
      // They are stored when the database is back, deprecated fields on the day of then.
      keys = new Map([...gatheredKeys, ...keys])
      for (const { workProviderId, field, requests } of gatheredFields.values())
        addFields(workProviderId, field, requests)
      throw error
    }
    return false
  }

  const worker = startWorker(context.log, 'use of the API', FLUSH_MS, flush)
  return {
    noteKey: (keyId, now) => void keys.set(keyId, now),
    noteDeprecated: (workProviderId, field) => addFields(workProviderId, field, 1),
    async stop() {
      await worker.stop()
      await flush().catch((error: unknown) => context.log.error({ err: error }, 'the use of the API was not stored'))
    },
  }
}

export type ApiUse = {
  /** The newest first, at most `MAX_LISTED_KEYS`. */
  readonly keys: readonly ListedApiKey[]
  /** By day (of UTC) and field, the oldest first; days without any are left out. */
  readonly deprecated: readonly { readonly day: UtcDay; readonly field: DeprecatedField; readonly requests: number }[]
}

/** A work provider's keys with when each was last used, and the deprecated fields that it used in so many days up to today. */
export async function readApiUse(context: Context, workProviderId: string, days: number): Promise<ApiUse> {
  const { db } = context
  const today = utcDayOf(await databaseNow(db))
  return {
    keys: await newestApiKeys(db, workProviderId, MAX_LISTED_KEYS),
    deprecated: await deprecatedUseSince(db, workProviderId, addDays(today, 1 - days)),
  }
}
