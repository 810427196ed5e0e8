import { type IdentityKind, type IdentityName, parseIdentity } from './identity.ts'
import { type Instant, parseInstant, parseReportInstant } from './instant.ts'
import type { EventKind } from './shift-event.ts'
import { isSoundText } from './sound-text.ts'

/* The rows of files that are imported, by their columns; an empty cell says nothing. */

export type Row = Readonly<Record<string, unknown>>

/** A row that cannot be used says why. */
export type Parsed<T> = { readonly row: T } | { readonly problem: string }

/** `customerNumber` and `email` are needed; the others say of a policy, and of a link. */
export const CUSTOMER_COLUMNS = [
  'customerNumber',
  'email',
  'name',
  'classOfUse',
  'coverLevel',
  'vehicleRegistration',
  'policyWorkProvider',
  'policyFrom',
  'policyTo',
  'workProvider',
  'workProviderUserId',
  'consentedAt',
] as const

export type CustomerRow = {
  readonly customerNumber: string
  readonly email: string
  readonly name: string | undefined
  readonly policy: PolicyRow | null
  readonly link: LinkRow | null
}

export type PolicyRow = {
  readonly classOfUse: string
  readonly coverLevel: string
  readonly vehicleRegistration: string | undefined
  readonly workProvider: string | undefined
  readonly from: Instant
  readonly to: Instant | undefined
}

export type LinkRow = {
  readonly workProvider: string
  readonly workProviderUserId: string | undefined
  readonly consentedAt: Instant | undefined
}

export const EVENT_COLUMNS = ['workProvider', 'kind', 'customerNumber', 'workProviderUserId', 'timestamp'] as const

export type EventRow = {
  readonly workProvider: string
  readonly kind: EventKind
  readonly report: { readonly identity: IdentityName; readonly at: Instant }
}

export function parseCustomerRow(row: Row): Parsed<CustomerRow> {
  const cells = new Cells(row)
  const customerNumber = cells.needed('customerNumber')
  const email = cells.needed('email')
  const policy = cells.hasAny(['classOfUse', 'coverLevel', 'vehicleRegistration', 'policyFrom', 'policyTo'])
    ? {
        classOfUse: cells.needed('classOfUse'),
        coverLevel: cells.needed('coverLevel'),
        vehicleRegistration: cells.text('vehicleRegistration'),
        workProvider: cells.text('policyWorkProvider'),
        from: cells.instant('policyFrom', true)!,
        to: cells.instant('policyTo'),
      }
    : null
  const link = cells.hasAny(['workProvider', 'workProviderUserId', 'consentedAt'])
    ? {
        workProvider: cells.needed('workProvider'),
        workProviderUserId: cells.text('workProviderUserId'),
        consentedAt: cells.instant('consentedAt'),
      }
    : null
  return cells.result({ customerNumber, email, name: cells.text('name'), policy, link })
}

/** `workProvider`: whose events these are where the row does not say. */
export function parseEventRow(row: Row, now: Instant, workProvider?: string): Parsed<EventRow> {
  const cells = new Cells(row)
  const whose = cells.text('workProvider') ?? workProvider ?? cells.needed('workProvider')
  const kind = cells.needed('kind')
  if (kind !== 'login' && kind !== 'logout') cells.refuse('kind is neither login nor logout')
  const identity = identityOf(cells)
  const parsed = parseReportInstant(cells.needed('timestamp'), now)
  if ('problem' in parsed) cells.refuse(parsed.problem)
  const at = 'instant' in parsed ? parsed.instant : now
  return cells.result({ workProvider: whose, kind: kind as EventKind, report: { identity, at } })
}

const COLUMN_OF = { customer_number: 'customerNumber', user_id: 'workProviderUserId' } as const
const KINDS = Object.keys(COLUMN_OF) as IdentityKind[]

function identityOf(cells: Cells): IdentityName {
  const given = KINDS.filter((kind) => cells.text(COLUMN_OF[kind]) !== undefined)
  const [kind = 'user_id'] = given
  if (given.length !== 1) cells.refuse('one of customerNumber and workProviderUserId is needed')
  const parsed = parseIdentity(kind, cells.text(COLUMN_OF[kind]) ?? '')
  if ('identity' in parsed) return parsed.identity
  cells.refuse(`${COLUMN_OF[kind]} ${parsed.problem}`)
  return { kind, text: '' }
}

/** The cells of one row; keeps the first thing that is wrong. */
class Cells {
  readonly #row: Row
  #problem: string | null = null

  constructor(row: Row) {
    this.#row = row
  }

  refuse(problem: string): void {
    this.#problem ??= problem
  }

  /** Nothing but a text says anything: what a file of JSON has else is refused. */
  text(name: string): string | undefined {
    const value = this.#row[name]
    if (value === undefined || value === null || value === '') return undefined
    if (typeof value !== 'string') this.refuse(`${name} is not a text`)
    else if (!isSoundText(value)) this.refuse(`${name} has a character that cannot be stored`)
    else return value
    return undefined
  }

  needed(name: string): string {
    const text = this.text(name)
    if (text === undefined) this.refuse(`${name} is missing`)
    return text ?? ''
  }

  hasAny(names: readonly string[]): boolean {
    return names.some((name) => this.text(name) !== undefined)
  }

  instant(name: string, isNeeded = false): Instant | undefined {
    const text = isNeeded ? this.needed(name) : this.text(name)
    if (text === undefined || text === '') return undefined
    const parsed = parseInstant(text)
    if ('instant' in parsed) return parsed.instant
    this.refuse(parsed.problem.replace(/^timestamp/, name))
    return undefined
  }

  result<T>(row: T): Parsed<T> {
    return this.#problem === null ? { row } : { problem: this.#problem }
  }
}
