import { type CaseName, type CaseStanding, type CaseWord, isParked, standingOf } from '../domain/case.ts'
import { Impossible } from '../domain/errors.ts'
import type { AuditAction } from '../domain/audit.ts'
import type { Instant } from '../domain/instant.ts'
import { insertAudit } from '../storage/audit.ts'
import { insertCaseWord, lastCaseWords, lockCase, storeCaseDone } from '../storage/cases.ts'
import { type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import type { Context } from './context.ts'

export const MAX_NOTE_CHARACTERS = 2_000
/** The words of a case that are shown: more than anybody says. */
export const MAX_WORDS = 200

const ACTIONS: Readonly<Record<CaseWord['word'], AuditAction>> = {
  note: 'case noted',
  done: 'case done',
  undone: 'case opened again',
}

/** A note is kept for good, and shown each time. */
export function assertNoteFits(note: string): void {
  if (note.length > MAX_NOTE_CHARACTERS) throw new Impossible(`a note has at most ${MAX_NOTE_CHARACTERS} characters`)
}

/**
 * Notes something on a case, says that it is done, or takes that back; answers how it stands then. `seen`: the last that
 * had happened when whoever says it looked: a case is not done by what came since.
 */
export function sayOfCase(
  context: Context,
  name: CaseName,
  said: { readonly word: CaseWord['word']; readonly note: string; readonly seen: Instant | null },
): Promise<CaseStanding> {
  const note = said.note.trim()
  assertNoteFits(note)
  if (note === '' && said.word === 'note') throw new Impossible('there is nothing in the note')
  return inTransaction(context.db, async (trx) => {
    const row = await lockCase(trx, name)
    if (row === null) throw new Impossible('this case is settled already')
    if (said.word === 'done' && row.isDone) throw new Impossible('this case is done already')
    if (said.word === 'undone' && !row.isDone) throw new Impossible('this case is open already')
    if (said.word === 'done' && said.seen !== row.happenedAt) {
      throw new Impossible('something new came in since you opened this page: look at it first')
    }
    await noteWord(context, trx, name, { word: said.word, note })
    const standing = standingOf(await lastCaseWords(trx, name, MAX_WORDS), row.happenedAt)
    if (said.word !== 'note') await storeCaseDone(trx, name, standing === 'done')
    return standing
  })
}

/** The audit log says of which case, never what the note says: a note may name somebody. */
export async function noteWord(
  context: Context,
  trx: DatabaseTransaction,
  name: CaseName,
  { word, note }: Pick<CaseWord, 'word' | 'note'>,
): Promise<void> {
  const { kind, workProviderId, about, claimant } = name
  await insertCaseWord(trx, name, { word, note, by: context.actor.name })
  const customerNumber = claimant !== '' ? claimant : isParked(kind) ? undefined : about
  await insertAudit(trx, context.actor, {
    action: ACTIONS[word],
    subject: about,
    workProviderId,
    ...(customerNumber === undefined ? {} : { customerNumber }),
    details: { case: kind },
  })
}
