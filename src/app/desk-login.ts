import { deskActor } from '../domain/audit.ts'
import { insertAudit } from '../storage/audit.ts'
import { endDeskSessions, findDeskPersonById } from '../storage/desk-accounts.ts'
import type { Client, Done, NotDone } from './account-library.ts'
import { isFreshCode, tryPassword } from './attempts.ts'
import type { Context } from './context.ts'
import type { DeskAccount, DeskAccounts, SecondFactor } from './desk-accounts.ts'
import { deskPasswordChanged } from './desk-password-changed.ts'

/* How people of the desk log in: by a password and a code of their authenticator app. */

/** Whoever asks, and by what. */
export type DeskClient = {
  readonly context: Context
  readonly accounts: DeskAccounts
  readonly client: Client
  readonly network: string
}

const CODE = /^\d{6}$/

export async function logInToDesk(
  { context, accounts, client, network }: DeskClient,
  email: string,
  password: string,
): Promise<(Done & { readonly needsCode: boolean }) | NotDone> {
  return tryPassword<Done & { readonly needsCode: boolean }>(context, { email, network }, () =>
    accounts.logIn(client, email, password),
  )
}

/** The second step: a code of the authenticator app, or one of the backup codes. Wrong ones are counted by the account. */
export async function finishDeskLogIn(
  { context, accounts, client }: DeskClient,
  typed: string,
): Promise<Done | NotDone> {
  const code = typed.replaceAll(/\s/g, '')
  const done = CODE.test(code)
    ? await accounts.logInByCode(client, code)
    : await accounts.logInByBackupCode(client, typed.trim())
  if (!done.done) return done
  const person = await findDeskPersonById(context.db, done.accountId)
  const isLetIn = person !== null && person.disabledAt === null && (await isFreshCode(context, person.id, code))
  if (!isLetIn) {
    if (person !== null) await endDeskSessions(context.db, person.id)
    return { done: false, reason: 'wrong code' }
  }
  await insertAudit(context.db, deskActor(person), { action: 'logged in', subject: person.email })
  return done
}

/** Makes the secret that an authenticator app is given. */
export function beginSecondFactor(
  { context, accounts, client, network }: DeskClient,
  account: DeskAccount,
  password: string,
): Promise<(SecondFactor & { readonly done: true }) | NotDone> {
  return tryPassword<SecondFactor & { readonly done: true }>(context, { email: account.email, network }, async () => {
    const begun = await accounts.beginSecondFactor(client, password)
    return 'uri' in begun ? { done: true, ...begun } : begun
  })
}

/** The first code of it makes it count. */
export async function confirmSecondFactor(
  desk: DeskClient,
  account: DeskAccount,
  code: string,
): Promise<Done | NotDone> {
  const proved = await proveCode(desk, account, code)
  if (proved.done) {
    await insertAudit(desk.context.db, deskActor(account), { action: 'second factor set', subject: account.email })
  }
  return proved
}

/** Asks for a code again before what must not be done by whoever finds a browser open. */
export function proveCode(
  { context, accounts, client, network }: DeskClient,
  account: DeskAccount,
  typed: string,
): Promise<Done | NotDone> {
  const code = typed.replaceAll(/\s/g, '')
  return tryPassword<Done>(context, { email: account.email, network }, async () => {
    if (!CODE.test(code)) return { done: false, reason: 'wrong code' }
    const proved = await accounts.proveCode(client, code)
    if (!proved.done || (await isFreshCode(context, account.id, code))) return proved
    return { done: false, reason: 'wrong code' }
  })
}

export async function changeDeskPassword(
  { context, accounts, client, network }: DeskClient,
  { email }: DeskAccount,
  current: string,
  next: string,
): Promise<Done | NotDone> {
  const done = await tryPassword<Done>(context, { email, network }, () =>
    accounts.changePassword(client, current, next),
  )
  if (done.done) await deskPasswordChanged(context, email)
  return done
}
