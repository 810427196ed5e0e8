import { Impossible } from '../domain/errors.ts'
import type { Instant } from '../domain/instant.ts'
import { type AuditLine, listAudit } from '../storage/audit.ts'
import type { Context } from './context.ts'
import { requireCustomer } from './customers.ts'
import { requireWorkProvider } from './work-providers.ts'

export const MAX_AUDIT_LINES = 10_000

export type AuditRequest = {
  readonly customerNumber?: string | undefined
  readonly workProvider?: string | undefined
  /** Who did it: a user of the machine, or a driver by customer number. */
  readonly by?: string | undefined
  readonly since?: Instant | undefined
  /** Only lines before the one of this number. */
  readonly before?: number | undefined
  /** At most so many lines, the newest. */
  readonly limit: number
}

/** Who did what, and when; oldest first. */
export async function readAudit(context: Context, request: AuditRequest): Promise<AuditLine[]> {
  const { customerNumber, workProvider, by, since, before, limit } = request
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_AUDIT_LINES) {
    throw new Impossible(`the lines to show are a whole number from 1 to ${MAX_AUDIT_LINES}`)
  }
  const filter = {
    by,
    since,
    before,
    customerNumber:
      customerNumber === undefined ? undefined : (await requireCustomer(context.db, customerNumber)).customerNumber,
    workProviderId: workProvider === undefined ? undefined : (await requireWorkProvider(context.db, workProvider)).id,
  }
  return listAudit(context.db, filter, limit)
}
