import { Impossible } from '../domain/errors.ts'
import { formatInstant, MICROSECONDS_PER_MINUTE } from '../domain/instant.ts'
import {
  hasFeed,
  type LinkRequirement,
  MAX_CAP,
  MAX_NAME_CHARACTERS,
  MIN_CAP,
  settingsAt,
  type WorkProvider,
} from '../domain/work-provider.ts'
import { insertAudit } from '../storage/audit.ts'
import { type Database, databaseNow, inTransaction, isUniqueViolation } from '../storage/database.ts'
import { deriveAgainFrom } from '../storage/links.ts'
import {
  findWorkProvider,
  holdWorkProvider,
  insertSetting,
  insertWorkProvider,
  settingsOf,
} from '../storage/work-providers.ts'
import { noteAllDue } from '../storage/status-due.ts'
import type { Context } from './context.ts'

export async function createWorkProvider(context: Context, name: string): Promise<WorkProvider> {
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > MAX_NAME_CHARACTERS) {
    throw new Impossible(`a work provider's name has 1 to ${MAX_NAME_CHARACTERS} characters`)
  }
  const workProvider = { id: context.newId(), name: trimmed }
  try {
    await inTransaction(context.db, async (trx) => {
      await insertWorkProvider(trx, workProvider)
      const entry = {
        action: 'work provider created',
        subject: workProvider.id,
        workProviderId: workProvider.id,
      } as const
      await insertAudit(trx, context.actor, entry)
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Impossible(`there is already a work provider named "${trimmed}"`)
    throw error
  }
  return workProvider
}

export async function requireWorkProvider(db: Database, name: string): Promise<WorkProvider> {
  const workProvider = await findWorkProvider(db, name)
  if (workProvider === null) throw new Impossible(`there is no work provider named "${name}"`)
  return workProvider
}

/** Settings as the audit log tells them. */
function told({ cap, linkRequires }: NewSettings): object {
  return {
    ...(cap === undefined ? {} : { capMinutes: cap / MICROSECONDS_PER_MINUTE }),
    ...(linkRequires === undefined ? {} : { linkRequires }),
  }
}

export type NewSettings = { readonly cap?: number; readonly linkRequires?: LinkRequirement }

/**
 * Records settings that hold from now on. Logins up to a day ahead may be stored already: their streams are marked to
 * be derived again, by projectors. Nobody derives for this work provider meanwhile.
 */
export async function changeSettings(context: Context, name: string, settings: NewSettings): Promise<WorkProvider> {
  const { cap, linkRequires } = settings
  if (cap !== undefined && (cap < MIN_CAP || cap > MAX_CAP)) throw new Impossible('a cap is from 1 minute to 48 hours')
  const workProvider = await requireWorkProvider(context.db, name)
  await inTransaction(context.db, async (trx) => {
    await holdWorkProvider(trx, workProvider.id)
    const workProviderId = workProvider.id
    const effectiveAt = await databaseNow(trx)
    const known = (await settingsOf(trx, [workProviderId])).get(workProviderId)!
    const before = settingsAt(known, effectiveAt)
    if (linkRequires !== undefined) {
      await insertSetting(trx, { workProviderId, name: 'link_requires', value: linkRequires, effectiveAt })
      if (hasFeed(known)) await noteAllDue(trx, workProviderId)
    }
    if (cap !== undefined) {
      await insertSetting(trx, { workProviderId, name: 'cap', value: String(cap), effectiveAt })
      await deriveAgainFrom(trx, workProviderId, effectiveAt)
    }
    await insertAudit(trx, context.actor, {
      action: 'settings changed',
      workProviderId,
      details: { before: told(before), after: told(settings) },
    })
    context.log.info(
      { workProvider: workProvider.name, ...settings, from: formatInstant(effectiveAt) },
      'settings changed',
    )
  })
  return workProvider
}
