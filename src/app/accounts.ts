import type { Context } from './context.ts'
import type { DeskAccounts } from './desk-accounts.ts'
import type { DriverAccounts } from './driver-accounts.ts'

/** Whose accounts the pages know. */
export type Accounts = { readonly drivers: DriverAccounts; readonly desk: DeskAccounts }

/** Loads the library of accounts, a third of all that the program loads, and opens both kinds. */
export async function openAccounts(context: Context, secret: string): Promise<Accounts> {
  const { openDriverAccounts } = await import('./driver-accounts.ts')
  const { openDeskAccounts } = await import('./desk-accounts.ts')
  return { drivers: openDriverAccounts(context, secret), desk: openDeskAccounts(context, secret) }
}
