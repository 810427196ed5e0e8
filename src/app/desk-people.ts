import { deskActor } from '../domain/audit.ts'
import { emailKey, isPossibleEmail } from '../domain/customer.ts'
import { type DeskRole, isStaffRole, STAFF_ROLES } from '../domain/desk.ts'
import { Impossible } from '../domain/errors.ts'
import { MICROSECONDS_PER_HOUR, plus } from '../domain/instant.ts'
import { isTestEmail } from '../domain/sandbox.ts'
import { insertAudit } from '../storage/audit.ts'
import { type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import {
  type DeskPerson,
  endDeskSessions,
  findDeskPerson,
  removeSecondFactor,
  setDisabled,
  setRole,
} from '../storage/desk-accounts.ts'
import {
  deleteDeskLinks,
  findMailLink,
  insertMailLink,
  type MailLinkData,
  takeMailLink,
} from '../storage/mail-links.ts'
import { insertMail } from '../storage/outbox.ts'
import type { Client, Done, NotDone } from './account-library.ts'
import { tryPassword } from './attempts.ts'
import type { Context } from './context.ts'
import type { DeskAccounts } from './desk-accounts.ts'
import { invitationMail } from './mail-texts.ts'
import { hashOf, newToken } from './tokens.ts'
import { requireWorkProvider } from './work-providers.ts'

/* Who belongs to the desk: by invitation only. */

const INVITATION_LIFE = 7 * 24 * MICROSECONDS_PER_HOUR

export type Invitation = MailLinkData['invitation']

/** Invites staff of the insurer. Answers the link that is mailed: whoever opens it first chooses the password. */
export function inviteStaff(context: Context, request: { email: string; role: string }): Promise<{ url: string }> {
  if (!isStaffRole(request.role)) throw new Impossible(`a role is one of ${STAFF_ROLES.join(', ')}`)
  return invite(context, { email: request.email, role: request.role, workProviderId: null }, 'the insurer’s desk')
}

/** Invites a person of a work provider: to what is that work provider's own. */
export async function inviteToWorkProvider(
  context: Context,
  request: { email: string; workProvider: string },
): Promise<{ url: string }> {
  const { id, name } = await requireWorkProvider(context.db, request.workProvider)
  return invite(context, { email: request.email, role: 'work provider', workProviderId: id }, `the pages of ${name}`)
}

async function invite(context: Context, invitation: Invitation, forWhom: string): Promise<{ url: string }> {
  const email = emailKey(invitation.email)
  if (!isPossibleEmail(email) || isTestEmail(email)) throw new Impossible(`"${email}" is not an e-mail address`)
  if ((await findDeskPerson(context.db, email)) !== null) throw new Impossible(`${email} has an account already`)
  const { role, workProviderId } = invitation
  const token = newToken(context)
  const url = `${context.publicUrl}/desk/join/${token}`
  await inTransaction(context.db, async (trx) => {
    // The newest invitation alone is good.
    await deleteDeskLinks(trx, email)
    await insertMailLink(trx, {
      hash: hashOf(token),
      purpose: 'invitation',
      data: { email, role, workProviderId },
      expiresAt: plus(context.now(), INVITATION_LIFE),
    })
    await insertMail(trx, context.newId(), invitationMail(email, { url, forWhom }))
    await insertAudit(trx, context.actor, {
      action: 'person invited',
      subject: email,
      ...(workProviderId === null ? {} : { workProviderId }),
      details: { role },
    })
  })
  return { url }
}

export function findInvitation(context: Context, token: string): Promise<Invitation | null> {
  return findMailLink(context.db, hashOf(token), 'invitation')
}

/**
 * Makes the account that an invitation is for, and logs it in. A process that dies on the way leaves an account and the
 * invitation: the same page, sent again with the same password, goes on from there.
 */
export async function joinDesk(
  context: Context,
  accounts: DeskAccounts,
  { client, network }: { client: Client; network: string },
  token: string,
  { name, password }: { name: string; password: string },
): Promise<Done | NotDone> {
  const invitation = await findInvitation(context, token)
  if (invitation === null) return { done: false, reason: 'link is not valid' }
  const { email } = invitation
  let joined = await accounts.signUp(client, { ...invitation, name, password })
  if (!joined.done && joined.reason === 'account exists') {
    joined = await tryPassword<Done>(context, { email, network }, () => accounts.logIn(client, email, password))
  }
  if (!joined.done) return joined
  await inTransaction(context.db, async (trx) => {
    if ((await takeMailLink(trx, hashOf(token), 'invitation')) === null) return
    const { role, workProviderId } = invitation
    await insertAudit(trx, deskActor(invitation), {
      action: 'person joined',
      subject: email,
      ...(workProviderId === null ? {} : { workProviderId }),
      details: { role },
    })
  })
  return joined
}

/** Gives staff another role. It holds from their next page on. */
export function changeRole(context: Context, email: string, role: string): Promise<DeskPerson> {
  if (!isStaffRole(role)) throw new Impossible(`a role is one of ${STAFF_ROLES.join(', ')}`)
  return change(context, email, { role }, (person) => {
    if (person.role === 'work provider') throw new Impossible(`${person.email} belongs to a work provider`)
    return { before: { role: person.role }, apply: (trx) => setRole(trx, person.id, role) }
  })
}

/** Shuts somebody out, at once; `isDisabled` false lets them in again. */
export function disablePerson(context: Context, email: string, isDisabled: boolean): Promise<DeskPerson> {
  return change(context, email, { disabled: isDisabled }, (person) => ({
    before: { disabled: person.disabledAt !== null },
    async apply(trx) {
      await setDisabled(trx, person.id, isDisabled)
      await endDeskSessions(trx, person.id)
    },
  }))
}

/** For somebody who lost their authenticator app and the backup codes: the next login asks to set one up. */
export async function takeSecondFactorAway(context: Context, email: string): Promise<DeskPerson> {
  const person = await requireDeskPerson(context, email)
  await inTransaction(context.db, async (trx) => {
    await removeSecondFactor(trx, person.id)
    await endDeskSessions(trx, person.id)
    await insertAudit(trx, context.actor, { action: 'second factor taken away', subject: person.email })
  })
  return { ...person, hasSecondFactor: false }
}

type Plan = { readonly before: object; readonly apply: (trx: DatabaseTransaction) => Promise<void> }

async function change(
  context: Context,
  email: string,
  after: { role?: DeskRole; disabled?: boolean },
  plan: (person: DeskPerson) => Plan,
): Promise<DeskPerson> {
  const person = await requireDeskPerson(context, email)
  const { before, apply } = plan(person)
  return inTransaction(context.db, async (trx) => {
    await apply(trx)
    const details = { before, after }
    await insertAudit(trx, context.actor, { action: 'person changed', subject: person.email, details })
    return (await findDeskPerson(trx, email))!
  })
}

async function requireDeskPerson(context: Context, email: string): Promise<DeskPerson> {
  const person = await findDeskPerson(context.db, email)
  if (person === null) throw new Impossible(`nobody of the desk has the address ${email}`)
  return person
}
