import { betterAuth } from 'better-auth'
import { isAPIError } from 'better-auth/api'
import { ping } from '../storage/database.ts'
import type { Context } from './context.ts'
import { passwordChanged } from './password-changed.ts'
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS, type PasswordHasher, passwordHasher } from './password.ts'

/**
 * Accounts of drivers, by better-auth. Its routes are not open to the outside: the pages call its handler, so that its
 * own limits and origin checks run, and nothing of it answers a link by itself. An account is only ever made by somebody
 * who holds a link that was mailed to its address: so every address here is verified.
 */
export type DriverAccount = { readonly id: string; readonly email: string; readonly name: string }

/** The browser that asks: its headers, and where it is. */
export type Client = { readonly headers: Headers; readonly address: string; readonly ownOrigin: string }

/** What was asked was done; `cookies` are for the browser. */
export type Done = { readonly done: true; readonly cookies: readonly string[] }
export type NotDone = {
  readonly done: false
  readonly reason: AccountProblem
  /** Of too many attempts: when they are few enough again. */
  readonly retryAfterSeconds?: number
}
export type AccountProblem =
  | 'wrong password'
  | 'account exists'
  | 'link is not valid'
  | 'same e-mail'
  | 'too many attempts'
  | 'not logged in'

export type LoggedIn = { readonly account: DriverAccount; readonly cookies: readonly string[] }
export type NowLoggedIn = Done & LoggedIn

export type DriverAccounts = {
  /** Who is logged in, or null. */
  session(client: Client): Promise<LoggedIn | null>
  /** Makes an account for an address that is known to be theirs, and logs it in. */
  signUp(client: Client, person: { email: string; name: string; password: string }): Promise<NowLoggedIn | NotDone>
  logIn(client: Client, email: string, password: string): Promise<NowLoggedIn | NotDone>
  logOut(client: Client): Promise<Done | NotDone>
  logOutEverywhere(client: Client): Promise<Done | NotDone>
  /** Sets a password for whoever proved to hold the address, and ends every session. */
  resetPassword(client: Client, email: string, password: string): Promise<Done | NotDone>
  /** Sets a new password; every other session ends. */
  changePassword(client: Client, current: string, next: string): Promise<Done | NotDone>
  /** What confirms a new address once its holder says so; null when somebody has an account with it. */
  requestEmailChange(client: Client, newEmail: string): Promise<{ verification: string | null } | NotDone>
  confirmEmailChange(client: Client, verification: string): Promise<Done | NotDone>
  /** Whether the password is that of who is logged in. */
  checkPassword(client: Client, password: string): Promise<boolean>
  closeAccount(client: Client, password: string): Promise<Done | NotDone>
}

export const SESSION_LIFE_SECONDS = 30 * 24 * 3_600
const SESSION_RENEWED_SECONDS = 24 * 3_600
/** Of the library's own token, which is used as soon as it is made. */
const RESET_LIFE_SECONDS = 60
export const EMAIL_CHANGE_LIFE_SECONDS = 24 * 3_600

/** Within the pages only: no outside address leads here. */
const BASE_PATH = '/internal/driver-accounts'
const ADDRESS_HEADER = 'x-zego-client-address'
const ORIGIN_HEADER = 'x-zego-own-origin'
const CALL_HEADER = 'x-zego-call'
/** The headers of a browser that decide something here. */
const PASSED_HEADERS = ['cookie', 'origin', 'user-agent', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']

/** Of one network in a minute, right passwords too: many drivers share a telephone company's address. For guessing see attempts.ts. */
const RATE = { window: 60, max: 300 }
const RATED_PATHS = ['/sign-in/*', '/sign-up/*', '/change-password', '/change-email', '/request-password-reset']

const PROBLEMS: Readonly<Record<string, AccountProblem>> = {
  INVALID_EMAIL_OR_PASSWORD: 'wrong password',
  INVALID_PASSWORD: 'wrong password',
  CREDENTIAL_ACCOUNT_NOT_FOUND: 'wrong password',
  USER_ALREADY_EXISTS: 'account exists',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'account exists',
  FAILED_TO_CREATE_USER: 'account exists',
  INVALID_TOKEN: 'link is not valid',
  TOKEN_EXPIRED: 'link is not valid',
  USER_NOT_FOUND: 'link is not valid',
  INVALID_USER: 'link is not valid',
}

export function openDriverAccounts(context: Context, secret: string): DriverAccounts {
  const origin = new URL(context.publicUrl).origin
  // What better-auth would mail: it is told during a call, and the pages mail it in words of their own.
  const told = new Map<string, string>()
  const hasher = passwordHasher(context.randomBytes, context.limits.passwordHashes)
  const auth = buildAuth(context, secret, hasher, (call, token) => told.set(call, token))

  async function call(
    client: Client,
    path: string,
    body: Record<string, unknown> = {},
    method: 'GET' | 'POST' = 'POST',
  ): Promise<Called | NotDone> {
    hasher.assertRoom()
    const id = context.newId()
    const headers = headersFor(client)
    headers.set(CALL_HEADER, id)
    const url = new URL(`${BASE_PATH}${path}`, origin)
    if (method === 'POST') headers.set('content-type', 'application/json')
    const request = new Request(url, { method, headers, ...(method === 'POST' ? { body: JSON.stringify(body) } : {}) })
    const response = await auth.handler(request)
    const token = told.get(id) ?? null
    told.delete(id)
    const answer = (await response.json().catch(() => ({}))) as LibraryAnswer
    if (response.ok) return { done: true, cookies: response.headers.getSetCookie(), token, user: answer.user ?? null }
    const reason = problemOf(response.status, answer)
    return reason === null
      ? fault(new Error(`accounts: ${response.status} ${answer.message}`))
      : { done: false, reason }
  }

  /** The library does not say why it failed: if it was the database, the database says so here. */
  async function fault(error: unknown): Promise<never> {
    await ping(context.db)
    throw error
  }

  async function logInBy(client: Client, path: string, body: Record<string, unknown>): Promise<NowLoggedIn | NotDone> {
    const called = await call(client, path, body)
    return called.done ? { ...called, account: accountOf(called.user!) } : called
  }

  return {
    async session(client) {
      if (!client.headers.has('cookie')) return null
      const asked = auth.api.getSession({ headers: headersFor(client), returnHeaders: true })
      const { headers, response } = await asked.catch(fault)
      if (response === null) return null
      return { account: accountOf(response.user), cookies: headers.getSetCookie() }
    },
    signUp: (client, person) => logInBy(client, '/sign-up/email', person),
    logIn: (client, email, password) => logInBy(client, '/sign-in/email', { email, password }),
    logOut: (client) => call(client, '/sign-out'),
    logOutEverywhere: (client) => call(client, '/revoke-sessions'),
    async resetPassword(client, email, newPassword) {
      const asked = await call(client, '/request-password-reset', { email })
      if (!asked.done) return asked
      if (asked.token === null) return { done: false, reason: 'link is not valid' }
      return call(client, '/reset-password', { token: asked.token, newPassword })
    },
    changePassword: (client, currentPassword, newPassword) =>
      call(client, '/change-password', { currentPassword, newPassword, revokeOtherSessions: true }),
    async requestEmailChange(client, newEmail) {
      const called = await call(client, '/change-email', { newEmail })
      return called.done ? { verification: called.token } : called
    },
    async confirmEmailChange(client, verification) {
      const path = `/verify-email?${new URLSearchParams({ token: verification }).toString()}`
      return call(client, path, {}, 'GET')
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
    closeAccount: (client, password) => call(client, '/delete-user', { password }),
  }
}

/** What better-auth answers with, as much of it as is looked at. */
type LibraryAnswer = { readonly code?: string; readonly message?: string; readonly user?: DriverAccount | null }
type Called = Done & { readonly token: string | null; readonly user: DriverAccount | null }

/** The problem in our words; null where it is none that a driver can do anything about. */
function problemOf(status: number, { code, message }: LibraryAnswer): AccountProblem | null {
  if (status === 429) return 'too many attempts'
  if (message === 'Email is the same') return 'same e-mail'
  return PROBLEMS[code ?? ''] ?? (status === 401 || status === 403 ? 'not logged in' : null)
}

function accountOf({ id, email, name }: DriverAccount): DriverAccount {
  return { id, email, name }
}

function headersFor(client: Client): Headers {
  const headers = new Headers({ [ADDRESS_HEADER]: client.address, [ORIGIN_HEADER]: client.ownOrigin })
  for (const name of PASSED_HEADERS) {
    const value = client.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return headers
}

function buildAuth(
  context: Context,
  secret: string,
  hasher: PasswordHasher,
  tell: (call: string, token: string) => void,
) {
  const { log } = context
  const tellCaller = async ({ token }: { token: string }, request?: Request): Promise<void> => {
    const call = request?.headers.get(CALL_HEADER)
    if (call) tell(call, token)
  }
  return betterAuth({
    appName: 'Zego',
    baseURL: new URL(context.publicUrl).origin,
    basePath: BASE_PATH,
    secret,
    trustedOrigins: (request) => [request?.headers.get(ORIGIN_HEADER) ?? null],
    // Without transactions: a password is hashed between two statements, and a transaction that waits for that would
    // hold up everybody on the embedded engine. What a crash leaves half done is mended by a password reset.
    database: { db: context.db, type: 'postgres', transaction: false },
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      disableColors: true,
      // Its arguments can hold addresses.
      log: (level, message) => log.warn({ accounts: level }, message.replace(/\S+@\S+/g, '[address]')),
    },
    // Its own way prints errors past the log, with whatever they hold. A refusal is answered, and no error.
    onAPIError: {
      onError(error) {
        if (!isAPIError(error)) log.error({ err: error }, 'the accounts failed')
      },
    },
    rateLimit: {
      enabled: true,
      storage: 'database',
      customRules: Object.fromEntries(RATED_PATHS.map((path) => [path, RATE])),
      modelName: 'driver_rate_limit',
      fields: { lastRequest: 'last_request' },
      window: RATE.window,
      max: RATE.max * 10,
    },
    advanced: {
      cookiePrefix: 'zego',
      useSecureCookies: context.publicUrl.startsWith('https:'),
      // An account and its password in one statement: who has none costs as much as who has.
      database: { generateId: () => context.newId(), joins: true },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER], ipv6Subnet: 64 },
    },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD_CHARACTERS,
      maxPasswordLength: MAX_PASSWORD_CHARACTERS,
      resetPasswordTokenExpiresIn: RESET_LIFE_SECONDS,
      revokeSessionsOnPasswordReset: true,
      password: hasher,
      sendResetPassword: tellCaller,
      onPasswordReset: ({ user }) => passwordChanged(context, user),
    },
    emailVerification: {
      expiresIn: EMAIL_CHANGE_LIFE_SECONDS,
      sendVerificationEmail: tellCaller,
      sendOnSignUp: false,
    },
    databaseHooks: {
      // Whoever signs up came by a link that was mailed to the address.
      user: { create: { before: async (user) => ({ data: { ...user, emailVerified: true } }) } },
    },
    user: {
      modelName: 'driver_account',
      fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' },
      changeEmail: { enabled: true },
      deleteUser: { enabled: true },
    },
    session: {
      modelName: 'driver_session',
      fields: {
        userId: 'account_id',
        ipAddress: 'ip_address',
        userAgent: 'user_agent',
        expiresAt: 'expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
      expiresIn: SESSION_LIFE_SECONDS,
      updateAge: SESSION_RENEWED_SECONDS,
      cookieCache: { enabled: false },
    },
    account: {
      modelName: 'driver_credential',
      fields: {
        userId: 'account_id',
        accountId: 'provider_account_id',
        providerId: 'provider_id',
        accessToken: 'access_token',
        refreshToken: 'refresh_token',
        idToken: 'id_token',
        accessTokenExpiresAt: 'access_token_expires_at',
        refreshTokenExpiresAt: 'refresh_token_expires_at',
        createdAt: 'created_at',
        updatedAt: 'updated_at',
      },
    },
    verification: {
      modelName: 'driver_verification',
      fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' },
      storeIdentifier: 'hashed',
    },
  })
}
