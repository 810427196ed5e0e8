import { Impossible } from '../domain/errors.ts'
import { isSoundText } from '../domain/sound-text.ts'
import { MAX_TERMS_CHARACTERS, MAX_VERSION_CHARACTERS, type Terms, termsHash } from '../domain/terms.ts'
import { isUuid } from '../domain/uuid.ts'
import { insertAudit } from '../storage/audit.ts'
import { inTransaction, isUniqueViolation } from '../storage/database.ts'
import { currentTerms, findTerms, insertTerms, listTerms } from '../storage/terms.ts'
import type { Context } from './context.ts'
import { requireWorkProvider } from './work-providers.ts'

/** What is agreed to for an account. */
export function insurerTerms(context: Context): Promise<Terms> {
  return currentTerms(context.db, 'account', null)
}

export async function termsById(context: Context, id: string): Promise<Terms | null> {
  return isUuid(id) ? findTerms(context.db, id) : null
}

export type TermsRequest = {
  readonly about: Terms['about']
  /** Of sharing with this one; without it the standard terms are meant. */
  readonly workProvider?: string | undefined
  readonly version: string
  /** The title on the first line, then the body. */
  readonly text: string
}

/** Adds a document. From now on it is what people are asked to agree to; who agreed before agreed to what they saw. */
export async function addTerms(context: Context, request: TermsRequest): Promise<Terms> {
  const version = request.version.trim()
  if (version === '' || version.length > MAX_VERSION_CHARACTERS) {
    throw new Impossible(`a version has 1 to ${MAX_VERSION_CHARACTERS} characters`)
  }
  const text = request.text.replaceAll('\r\n', '\n').trim()
  const [title = '', ...lines] = text.split('\n')
  const body = lines.join('\n').trim()
  if (title === '' || body === '') throw new Impossible('terms have a title on the first line, and text below it')
  if (text.length > MAX_TERMS_CHARACTERS || !isSoundText(text)) {
    throw new Impossible(`terms are text of at most ${MAX_TERMS_CHARACTERS} characters`)
  }
  if (request.about === 'account' && request.workProvider !== undefined) {
    throw new Impossible('the terms of an account are of no work provider')
  }
  const workProviderId =
    request.workProvider === undefined ? null : (await requireWorkProvider(context.db, request.workProvider)).id
  const id = context.newId()
  try {
    await inTransaction(context.db, async (trx) => {
      await insertTerms(trx, {
        id,
        about: request.about,
        workProviderId,
        version,
        title: title.trim(),
        body,
        hash: termsHash(title.trim(), body),
      })
      await insertAudit(trx, context.actor, {
        action: 'terms added',
        subject: id,
        ...(workProviderId === null ? {} : { workProviderId }),
        details: { about: request.about, version },
      })
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Impossible(`version ${version} of these terms exists: it is never changed`)
    throw error
  }
  return (await findTerms(context.db, id))!
}

export function allTerms(context: Context): ReturnType<typeof listTerms> {
  return listTerms(context.db)
}
