import type { Client } from '../../app/account-library.ts'
import type { Context } from '../../app/context.ts'
import type { DeskAccount, DeskAccounts } from '../../app/desk-accounts.ts'
import type { DriverAccount, DriverAccounts } from '../../app/driver-accounts.ts'
import type { Live } from '../../app/live.ts'
import type { StaffRole } from '../../domain/desk.ts'
import type { StoredCustomer } from '../../storage/customers.ts'
import type { ApiDescription } from './api-description.ts'

/** What the pages work with. */
export type SiteServices = {
  readonly context: Context
  readonly accounts: DriverAccounts
  readonly deskAccounts: DeskAccounts
  /** What the API is, as its OpenAPI document says. */
  readonly api: ApiDescription
  /** What the live pages of the desk show. */
  readonly live: Live
  /** Whether nobody but the outbox has the mails: there is no mail server. */
  readonly keepsMails: boolean
  /** Told when the server stops: what streams to a browser ends then. */
  readonly stopping: AbortSignal
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
  /** Which driver is logged in. Null too on the pages of the desk: they do not ask. */
  readonly driver: Driver | null
  /** Who of the desk is logged in. Null too on all other pages. */
  readonly person: DeskAccount | null
  /** `Set-Cookie` values of the answer; pages add to them. */
  readonly cookies: string[]
}

export type Driver = { readonly account: DriverAccount; readonly customer: StoredCustomer }

/** A page that is for those who are logged in. */
export type DriverVisit = Visit & { readonly driver: Driver }

/** Somebody of the desk, with a second factor or not yet. */
export type DeskVisit = Visit & { readonly person: DeskAccount }

/** Staff of the insurer, of a role that may do what the page does: the context acts in their name. */
export type StaffVisit = DeskVisit & { readonly person: DeskAccount & { readonly role: StaffRole } }

/** A person of a work provider: nothing on the page is of another's. */
export type WorkProviderVisit = DeskVisit & {
  readonly person: DeskAccount & { readonly role: 'work provider'; readonly workProviderId: string }
  readonly workProvider: { readonly id: string; readonly name: string }
}

export type Page<V extends Visit = Visit> = (visit: V) => Promise<Response> | Response
