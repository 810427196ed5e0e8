import type { Context } from '../../app/context.ts'
import type { Client, DriverAccount, DriverAccounts } from '../../app/driver-accounts.ts'
import type { StoredCustomer } from '../../storage/customers.ts'

/** What the pages work with. */
export type SiteServices = {
  readonly context: Context
  readonly accounts: DriverAccounts
}

/** One request of a browser under way. */
export type Visit = SiteServices & {
  readonly requestId: string
  readonly method: string
  readonly path: string
  /** The query as it was sent, without its question mark. */
  readonly query: string
  /** What stands in the path where its pattern has a name. */
  readonly parameters: Readonly<Record<string, string>>
  /** The fields of the form that was sent; empty for a GET. */
  readonly form: URLSearchParams
  readonly client: Client
  /** By what attempts are counted: the address, or its network. */
  readonly network: string
  /** The cookie that tells a browser that opened links; null before it did. */
  readonly browserToken: string | null
  /** Who is logged in. */
  readonly driver: Driver | null
  /** `Set-Cookie` values of the answer; pages add to them. */
  readonly cookies: string[]
}

export type Driver = { readonly account: DriverAccount; readonly customer: StoredCustomer }

/** A page that is for those who are logged in. */
export type DriverVisit = Visit & { readonly driver: Driver }

export type Page<V extends Visit = Visit> = (visit: V) => Promise<Response> | Response
