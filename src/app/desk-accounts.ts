import { betterAuth } from 'better-auth'
import { twoFactor } from 'better-auth/plugins/two-factor'
import type { DeskRole } from '../domain/desk.ts'
import {
  accountLibrary,
  type Client,
  type CommonAccounts,
  type Done,
  headersFor,
  libraryOptions,
  LOCKED_SECONDS,
  type NotDone,
  passwordOptions,
  SESSION_COLUMNS,
  tellCaller,
  type Told,
  USER_COLUMNS,
} from './account-library.ts'
import type { Context } from './context.ts'
import { deskPasswordChanged } from './desk-password-changed.ts'
import { type PasswordHasher, passwordHasher } from './password.ts'

/**
 * Accounts of the desk, apart from those of drivers: tables and cookies of their own. One is only ever made by an
 * invitation, and is good for nothing until it has a second factor.
 */
export type DeskAccount = {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: DeskRole
  /** Whose person it is; null for staff of the insurer. */
  readonly workProviderId: string | null
  readonly hasSecondFactor: boolean
}

export type NewDeskAccount = Omit<DeskAccount, 'id' | 'hasSecondFactor'> & { readonly password: string }

export type SecondFactor = { readonly uri: string; readonly backupCodes: readonly string[] }

export type DeskAccounts = CommonAccounts & {
  /** Who is logged in, or null; null too for whoever was disabled. */
  session(client: Client): Promise<DeskAccount | null>
  /** Makes an account for whoever was invited, and logs it in. */
  signUp(client: Client, person: NewDeskAccount): Promise<Done | NotDone>
  /** `needsCode`: nobody is logged in until the code is told, too. */
  logIn(client: Client, email: string, password: string): Promise<(Done & { readonly needsCode: boolean }) | NotDone>
  /** The second step of a login; whose it is. */
  logInByCode(client: Client, code: string): Promise<(Done & { readonly accountId: string }) | NotDone>
  logInByBackupCode(client: Client, code: string): Promise<(Done & { readonly accountId: string }) | NotDone>
  /** Makes a secret for an authenticator app, which counts once a code of it was told. */
  beginSecondFactor(client: Client, password: string): Promise<SecondFactor | NotDone>
  /** Whether a code is right: of whoever is logged in. The first one makes the second factor count. */
  proveCode(client: Client, code: string): Promise<Done | NotDone>
}

/** A working day. It is not renewed. */
export const DESK_SESSION_SECONDS = 10 * 3_600
const MAX_WRONG_CODES = 10

const KIND = {
  tables: 'desk',
  basePath: '/internal/desk-accounts',
  cookiePrefix: 'zego-desk',
  ratedPaths: ['/sign-in/*', '/sign-up/*', '/change-password', '/two-factor/*', '/request-password-reset'],
} as const

type LibraryUser = { readonly id: string }

export function openDeskAccounts(context: Context, secret: string): DeskAccounts {
  const told: Told = new Map()
  const hasher = passwordHasher(context.randomBytes, context.limits.passwordHashes)
  const auth = buildAuth(context, secret, hasher, told)
  const { basePath } = KIND
  const { call, fault, common } = accountLibrary<LibraryUser>(context, hasher, {
    handler: auth.handler,
    basePath,
    told,
  })

  async function finishLogIn(client: Client, path: string, code: string) {
    const called = await call(client, { path, body: { code } })
    return called.done ? { ...called, accountId: called.user!.id } : called
  }

  return {
    ...common,
    async session(client) {
      if (!client.headers.has('cookie')) return null
      const response = await auth.api.getSession({ headers: headersFor(client) }).catch(fault)
      if (response === null || response.user.disabledAt) return null
      const { id, email, name, role, workProviderId, twoFactorEnabled } = response.user
      return {
        id,
        email,
        name,
        role: role as DeskRole,
        workProviderId: workProviderId ?? null,
        hasSecondFactor: twoFactorEnabled === true,
      }
    },
    signUp: (client, person) => call(client, { path: '/sign-up/email', body: { ...person } }),
    logIn: (client, email, password) => call(client, { path: '/sign-in/email', body: { email, password } }),
    logInByCode: (client, code) => finishLogIn(client, '/two-factor/verify-totp', code),
    logInByBackupCode: (client, code) => finishLogIn(client, '/two-factor/verify-backup-code', code),
    async beginSecondFactor(client, password) {
      const called = await call(client, { path: '/two-factor/enable', body: { password, method: 'totp' } })
      return called.done ? { uri: called.totpUri!, backupCodes: called.backupCodes } : called
    },
    proveCode: (client, code) => call(client, { path: '/two-factor/verify-totp', body: { code } }),
  }
}

function buildAuth(context: Context, secret: string, hasher: PasswordHasher, told: Told) {
  return betterAuth({
    ...libraryOptions(context, secret, KIND),
    emailAndPassword: {
      ...passwordOptions(hasher),
      sendResetPassword: tellCaller(told),
      onPasswordReset: ({ user }) => deskPasswordChanged(context, user.email),
    },
    user: {
      modelName: 'desk_account',
      fields: USER_COLUMNS,
      additionalFields: {
        role: { type: 'string', required: true },
        workProviderId: { type: 'string', required: false, fieldName: 'work_provider_id' },
        disabledAt: { type: 'date', required: false, fieldName: 'disabled_at', input: false },
      },
    },
    session: {
      modelName: 'desk_session',
      fields: SESSION_COLUMNS,
      expiresIn: DESK_SESSION_SECONDS,
      disableSessionRefresh: true,
      cookieCache: { enabled: false },
    },
    plugins: [
      twoFactor({
        issuer: 'Zego',
        accountLockout: { enabled: true, maxFailedAttempts: MAX_WRONG_CODES, durationSeconds: LOCKED_SECONDS },
        schema: {
          user: { fields: { twoFactorEnabled: 'two_factor_enabled' } },
          twoFactor: {
            modelName: 'desk_second_factor',
            fields: {
              backupCodes: 'backup_codes',
              userId: 'account_id',
              failedVerificationCount: 'failed_verification_count',
              lockedUntil: 'locked_until',
            },
          },
        },
      }),
    ],
  })
}
