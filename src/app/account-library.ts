import type { BetterAuthOptions } from 'better-auth'
import { isAPIError } from 'better-auth/api'
import { ping } from '../storage/database.ts'
import type { Context } from './context.ts'
import { MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS, type PasswordHasher } from './password.ts'

/**
 * What the accounts of drivers and those of the desk have in common: both are better-auth's. Its routes are not open to
 * the outside: the pages call its handler, so that its own limits and origin checks run, and nothing of it answers a
 * link by itself.
 */

/** The browser that asks: its headers, and where it is. */
export type Client = { readonly headers: Headers; readonly address: string; readonly ownOrigin: string }

/** What was asked was done; `cookies` are for the browser. */
export type Done = { readonly done: true; readonly cookies: readonly string[] }
export type NotDone = {
  readonly done: false
  readonly reason: AccountProblem
  /** Of too many attempts: when they are few enough again. */
  readonly retryAfterSeconds?: number
  /** Of too many attempts: whether they shut the account to everybody, and not to those of one network. */
  readonly isLocked?: boolean
}
export type AccountProblem =
  | 'wrong password'
  | 'wrong code'
  | 'account exists'
  | 'link is not valid'
  | 'same e-mail'
  | 'too many attempts'
  | 'not logged in'

const ADDRESS_HEADER = 'x-zego-client-address'
const ORIGIN_HEADER = 'x-zego-own-origin'
const CALL_HEADER = 'x-zego-call'
/** The headers of a browser that decide something here. */
const PASSED_HEADERS = ['cookie', 'origin', 'user-agent', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest']

/** Of one network in a minute, right passwords too: many share a telephone company's address. For guessing see attempts.ts. */
const RATE = { window: 60, max: 300 }

/** How long a desk account is shut after too many wrong codes. */
export const LOCKED_SECONDS = 900

const PROBLEMS: Readonly<Record<string, AccountProblem>> = {
  INVALID_EMAIL_OR_PASSWORD: 'wrong password',
  INVALID_PASSWORD: 'wrong password',
  CREDENTIAL_ACCOUNT_NOT_FOUND: 'wrong password',
  INVALID_CODE: 'wrong code',
  INVALID_BACKUP_CODE: 'wrong code',
  INVALID_TWO_FACTOR_COOKIE: 'not logged in',
  TOTP_NOT_ENABLED: 'not logged in',
  // Of this login: the next begins with the password again.
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: 'not logged in',
  USER_ALREADY_EXISTS: 'account exists',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'account exists',
  FAILED_TO_CREATE_USER: 'account exists',
  INVALID_TOKEN: 'link is not valid',
  TOKEN_EXPIRED: 'link is not valid',
  USER_NOT_FOUND: 'link is not valid',
  INVALID_USER: 'link is not valid',
}

/** What better-auth answers with, as much of it as is looked at. */
type LibraryAnswer<User> = {
  readonly code?: string
  readonly message?: string
  readonly user?: User | null
  readonly twoFactorRedirect?: boolean
  readonly totpURI?: string
  readonly backupCodes?: readonly string[]
}

export type Called<User> = Done & {
  /** What it would have mailed. */
  readonly token: string | null
  readonly user: User | null
  readonly needsCode: boolean
  readonly totpUri: string | null
  readonly backupCodes: readonly string[]
}

export type Call = { readonly path: string; readonly body?: Record<string, unknown>; readonly method?: 'GET' | 'POST' }

export type AccountLibrary<User> = {
  call(client: Client, call: Call): Promise<Called<User> | NotDone>
  /** The library does not say why it failed: if it was the database, the database says so here. */
  fault(error: unknown): Promise<never>
  /** What every kind of account can do. */
  readonly common: CommonAccounts
}

export type CommonAccounts = {
  logOut(client: Client): Promise<Done | NotDone>
  /** Sets a password for whoever proved to hold the address, and ends every session. */
  resetPassword(client: Client, email: string, password: string): Promise<Done | NotDone>
  /** Sets a new password; every other session ends. */
  changePassword(client: Client, current: string, next: string): Promise<Done | NotDone>
}

/** What the library tells during a call instead of mailing it. */
export type Told = Map<string, string>

export function accountLibrary<User>(
  context: Context,
  hasher: PasswordHasher,
  { handler, basePath, told }: { handler: (request: Request) => Promise<Response>; basePath: string; told: Told },
): AccountLibrary<User> {
  const origin = new URL(context.publicUrl).origin

  async function fault(error: unknown): Promise<never> {
    await ping(context.db)
    throw error
  }

  async function call(client: Client, { path, body = {}, method = 'POST' }: Call): Promise<Called<User> | NotDone> {
    hasher.assertRoom()
    const id = context.newId()
    const headers = headersFor(client)
    headers.set(CALL_HEADER, id)
    const url = new URL(`${basePath}${path}`, origin)
    if (method === 'POST') headers.set('content-type', 'application/json')
    const request = new Request(url, {
      method,
      headers,
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    })
    const response = await handler(request)
    const token = told.get(id) ?? null
    told.delete(id)
    const answer = (await response.json().catch(() => ({}))) as LibraryAnswer<User>
    if (!response.ok) {
      const reason = problemOf(response.status, answer)
      if (reason === null) return fault(new Error(`accounts: ${response.status} ${answer.message}`))
      const isLocked = answer.code === 'ACCOUNT_TEMPORARILY_LOCKED'
      return { done: false, reason, ...(isLocked ? { isLocked, retryAfterSeconds: LOCKED_SECONDS } : {}) }
    }
    return {
      done: true,
      cookies: response.headers.getSetCookie(),
      token,
      user: answer.user ?? null,
      needsCode: answer.twoFactorRedirect === true,
      totpUri: answer.totpURI ?? null,
      backupCodes: answer.backupCodes ?? [],
    }
  }

  const common: CommonAccounts = {
    logOut: (client) => call(client, { path: '/sign-out' }),
    async resetPassword(client, email, newPassword) {
      const asked = await call(client, { path: '/request-password-reset', body: { email } })
      if (!asked.done) return asked
      if (asked.token === null) return { done: false, reason: 'link is not valid' }
      return call(client, { path: '/reset-password', body: { token: asked.token, newPassword } })
    },
    changePassword: (client, currentPassword, newPassword) =>
      call(client, { path: '/change-password', body: { currentPassword, newPassword, revokeOtherSessions: true } }),
  }
  return { call, fault, common }
}

/** The problem in our words; null where it is none that anybody can do anything about. */
function problemOf(status: number, { code, message }: LibraryAnswer<unknown>): AccountProblem | null {
  if (status === 429) return 'too many attempts'
  if (message === 'Email is the same') return 'same e-mail'
  return PROBLEMS[code ?? ''] ?? (status === 401 || status === 403 ? 'not logged in' : null)
}

export function headersFor(client: Client): Headers {
  const headers = new Headers({ [ADDRESS_HEADER]: client.address, [ORIGIN_HEADER]: client.ownOrigin })
  for (const name of PASSED_HEADERS) {
    const value = client.headers.get(name)
    if (value !== null) headers.set(name, value)
  }
  return headers
}

/** Keeps what the library would mail for whoever calls. */
export function tellCaller(told: Told): (mail: { token: string }, request?: Request) => Promise<void> {
  return async ({ token }, request) => {
    const call = request?.headers.get(CALL_HEADER)
    if (call) told.set(call, token)
  }
}

export type Kind = {
  /** What the names of the tables begin with. */
  readonly tables: 'driver' | 'desk'
  /** Within the pages only: no outside address leads here. */
  readonly basePath: string
  readonly cookiePrefix: string
  readonly ratedPaths: readonly string[]
}

/** The options that are the same for every kind of account, but for names. */
export function libraryOptions(context: Context, secret: string, kind: Kind) {
  const { log } = context
  const { tables, basePath, cookiePrefix, ratedPaths } = kind
  return {
    appName: 'Zego',
    baseURL: new URL(context.publicUrl).origin,
    basePath,
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
      customRules: Object.fromEntries(ratedPaths.map((path) => [path, RATE])),
      modelName: `${tables}_rate_limit`,
      fields: { lastRequest: 'last_request' },
      window: RATE.window,
      max: RATE.max * 10,
    },
    advanced: {
      cookiePrefix,
      useSecureCookies: context.publicUrl.startsWith('https:'),
      // An account and its password in one statement: who has none costs as much as who has.
      database: { generateId: () => context.newId(), joins: true },
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER], ipv6Subnet: 64 },
    },
    databaseHooks: {
      // Whoever signs up came by a link that was mailed to the address.
      user: { create: { before: async (user) => ({ data: { ...user, emailVerified: true } }) } },
    },
    account: { modelName: `${tables}_credential`, fields: CREDENTIAL_COLUMNS },
    verification: { modelName: `${tables}_verification`, fields: VERIFICATION_COLUMNS, storeIdentifier: 'hashed' },
  } satisfies BetterAuthOptions
}

export function passwordOptions(hasher: PasswordHasher) {
  return {
    enabled: true,
    minPasswordLength: MIN_PASSWORD_CHARACTERS,
    maxPasswordLength: MAX_PASSWORD_CHARACTERS,
    resetPasswordTokenExpiresIn: RESET_LIFE_SECONDS,
    revokeSessionsOnPasswordReset: true,
    password: hasher,
  } as const
}
/** Of the library's own token, which is used as soon as it is made. */
const RESET_LIFE_SECONDS = 60

export const USER_COLUMNS = {
  emailVerified: 'email_verified',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const

export const SESSION_COLUMNS = {
  userId: 'account_id',
  ipAddress: 'ip_address',
  userAgent: 'user_agent',
  expiresAt: 'expires_at',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
} as const

const CREDENTIAL_COLUMNS = {
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
} as const

const VERIFICATION_COLUMNS = { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' } as const
