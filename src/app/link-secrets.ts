import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_SECOND } from '../domain/instant.ts'
import { signLink } from '../domain/signed-link.ts'
import { isUuid } from '../domain/uuid.ts'
import {
  insertLinkSecret,
  type LinkSecret,
  listLinkSecrets,
  liveLinkSecrets,
  revokeLinkSecret,
} from '../storage/link-secrets.ts'
import { insertAudit } from '../storage/audit.ts'
import { inTransaction } from '../storage/database.ts'
import type { Context } from './context.ts'
import { requireUserId } from './links.ts'
import { requireWorkProvider } from './work-providers.ts'

const SECRET_BYTES = 32
/** Two: the old one while clients change to the new one. */
const MAX_LIVE_SECRETS = 2

/** Makes a secret to sign links with. This is the only time that it is shown. */
export async function createLinkSecret(
  context: Context,
  workProviderName: string,
): Promise<{ id: string; secret: string; workProvider: string }> {
  const workProvider = await requireWorkProvider(context.db, workProviderName)
  if ((await liveLinkSecrets(context.db, workProvider.id)).length >= MAX_LIVE_SECRETS) {
    throw new Impossible(`"${workProvider.name}" has ${MAX_LIVE_SECRETS} live link secrets: revoke one first`)
  }
  const id = context.newId()
  const secret = context.randomBytes(SECRET_BYTES).toString('base64url')
  await inTransaction(context.db, async (trx) => {
    await insertLinkSecret(trx, { id, workProviderId: workProvider.id, secret })
    const entry = { action: 'link secret created', subject: id, workProviderId: workProvider.id } as const
    await insertAudit(trx, context.actor, entry)
  })
  return { id, secret, workProvider: workProvider.name }
}

export function allLinkSecrets(context: Context): Promise<LinkSecret[]> {
  return listLinkSecrets(context.db)
}

export async function endLinkSecret(context: Context, id: string): Promise<void> {
  await inTransaction(context.db, async (trx) => {
    const workProviderId = isUuid(id) ? await revokeLinkSecret(trx, id) : null
    if (workProviderId === null) throw new Impossible(`there is no live link secret with the id ${id}`)
    await insertAudit(trx, context.actor, { action: 'link secret revoked', subject: id, workProviderId })
  })
}

export type LinkUrlRequest = {
  readonly workProvider: string
  readonly workProviderUserId: string
  readonly email?: string | undefined
  /** Until when a signed link is good; without it the link is not signed. */
  readonly signedUntil?: Instant | undefined
}

/** The link that a work provider gives to a driver, as its own code would make it. */
export async function linkUrl(context: Context, request: LinkUrlRequest): Promise<string> {
  const workProvider = await requireWorkProvider(context.db, request.workProvider)
  const userId = requireUserId(workProvider.id, request.workProviderUserId).text
  const parameters = [
    { name: 'work_provider', value: workProvider.name },
    { name: 'work_provider_user_id', value: userId },
    ...(request.email === undefined ? [] : [{ name: 'email', value: request.email }]),
  ]
  if (request.signedUntil !== undefined) {
    const [secret] = await liveLinkSecrets(context.db, workProvider.id)
    if (secret === undefined) {
      throw new Impossible(`"${workProvider.name}" has no link secret: make one with "zego link-secret create"`)
    }
    if (request.signedUntil <= context.now()) throw new Impossible(`${formatInstant(request.signedUntil)} is past`)
    parameters.push({ name: 'exp', value: String(Math.floor(request.signedUntil / MICROSECONDS_PER_SECOND)) })
    parameters.push({ name: 'sig', value: signLink(parameters, secret) })
  }
  const query = new URLSearchParams(parameters.map(({ name, value }) => [name, value]))
  return `${context.publicUrl}/link-work-provider?${query.toString()}`
}
