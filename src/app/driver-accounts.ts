import { betterAuth } from 'better-auth'
import {
  accountLibrary,
  type Client,
  type CommonAccounts,
  type Done,
  headersFor,
  libraryOptions,
  type NotDone,
  passwordOptions,
  SESSION_COLUMNS,
  tellCaller,
  type Told,
  USER_COLUMNS,
} from './account-library.ts'
import { EMAIL_CHANGE_LIFE_SECONDS } from './account-changes.ts'
import type { Context } from './context.ts'
import { passwordChanged } from './password-changed.ts'
import { type PasswordHasher, passwordHasher } from './password.ts'

/**
 * Accounts of drivers. One is only ever made by somebody who holds a link that was mailed to its address: so every
 * address here is verified.
 */
export type DriverAccount = { readonly id: string; readonly email: string; readonly name: string }

export type LoggedIn = { readonly account: DriverAccount; readonly cookies: readonly string[] }
export type NowLoggedIn = Done & LoggedIn

export type DriverAccounts = CommonAccounts & {
  /** Who is logged in, or null. */
  session(client: Client): Promise<LoggedIn | null>
  /** Makes an account for an address that is known to be theirs, and logs it in. */
  signUp(client: Client, person: { email: string; name: string; password: string }): Promise<NowLoggedIn | NotDone>
  logIn(client: Client, email: string, password: string): Promise<NowLoggedIn | NotDone>
  logOutEverywhere(client: Client): Promise<Done | NotDone>
  /** What confirms a new address once its holder says so; null when somebody has an account with it. */
  requestEmailChange(client: Client, newEmail: string): Promise<{ verification: string | null } | NotDone>
  confirmEmailChange(client: Client, verification: string): Promise<Done | NotDone>
  /** Whether the password is that of who is logged in. */
  checkPassword(client: Client, password: string): Promise<boolean>
  closeAccount(client: Client, password: string): Promise<Done | NotDone>
}

export const SESSION_LIFE_SECONDS = 30 * 24 * 3_600
const SESSION_RENEWED_SECONDS = 24 * 3_600

const KIND = {
  tables: 'driver',
  basePath: '/internal/driver-accounts',
  cookiePrefix: 'zego',
  ratedPaths: ['/sign-in/*', '/sign-up/*', '/change-password', '/change-email', '/request-password-reset'],
} as const

export function openDriverAccounts(context: Context, secret: string): DriverAccounts {
  const told: Told = new Map()
  const hasher = passwordHasher(context.randomBytes, context.limits.passwordHashes)
  const auth = buildAuth(context, secret, hasher, told)
  const { basePath } = KIND
  const { call, fault, common } = accountLibrary<DriverAccount>(context, hasher, {
    handler: auth.handler,
    basePath,
    told,
  })

  async function logInBy(client: Client, path: string, body: Record<string, unknown>): Promise<NowLoggedIn | NotDone> {
    const called = await call(client, { path, body })
    return called.done ? { ...called, account: accountOf(called.user!) } : called
  }

  return {
    ...common,
    async session(client) {
      if (!client.headers.has('cookie')) return null
      const asked = auth.api.getSession({ headers: headersFor(client), returnHeaders: true })
      const { headers, response } = await asked.catch(fault)
      if (response === null) return null
      return { account: accountOf(response.user), cookies: headers.getSetCookie() }
    },
    signUp: (client, person) => logInBy(client, '/sign-up/email', person),
    logIn: (client, email, password) => logInBy(client, '/sign-in/email', { email, password }),
    logOutEverywhere: (client) => call(client, { path: '/revoke-sessions' }),
    async requestEmailChange(client, newEmail) {
      const called = await call(client, { path: '/change-email', body: { newEmail } })
      return called.done ? { verification: called.token } : called
    },
    async confirmEmailChange(client, verification) {
      const path = `/verify-email?${new URLSearchParams({ token: verification }).toString()}`
      return call(client, { path, method: 'GET' })
    },
    async checkPassword(client, password) {
      try {
        await auth.api.verifyPassword({ headers: headersFor(client), body: { password } })
        return true
      } catch (error) {
        if ((error as { body?: { code?: string } }).body?.code === 'INVALID_PASSWORD') return false
        return fault(error)
      }
    },
    closeAccount: (client, password) => call(client, { path: '/delete-user', body: { password } }),
  }
}

function accountOf({ id, email, name }: DriverAccount): DriverAccount {
  return { id, email, name }
}

function buildAuth(context: Context, secret: string, hasher: PasswordHasher, told: Told) {
  return betterAuth({
    ...libraryOptions(context, secret, KIND),
    emailAndPassword: {
      ...passwordOptions(hasher),
      sendResetPassword: tellCaller(told),
      onPasswordReset: ({ user }) => passwordChanged(context, user),
    },
    emailVerification: {
      expiresIn: EMAIL_CHANGE_LIFE_SECONDS,
      sendVerificationEmail: tellCaller(told),
      sendOnSignUp: false,
    },
    user: {
      modelName: 'driver_account',
      fields: USER_COLUMNS,
      changeEmail: { enabled: true },
      deleteUser: { enabled: true },
    },
    session: {
      modelName: 'driver_session',
      fields: SESSION_COLUMNS,
      expiresIn: SESSION_LIFE_SECONDS,
      updateAge: SESSION_RENEWED_SECONDS,
      cookieCache: { enabled: false },
    },
  })
}
