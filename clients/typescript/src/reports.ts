import { type Timestamp, timestampText } from './timestamps.ts'

/** Who: by the number that Zego gave them, or by your own id for them. Exactly one. */
export type Identity =
  | { readonly customerNumber: string; readonly workProviderUserId?: never }
  | { readonly workProviderUserId: string; readonly customerNumber?: never }

/** Somebody started, or stopped, work at an instant. */
export type Report = Identity & { readonly timestamp: Timestamp }

/** The most that the server takes in one request. */
export const MAX_BATCH_ITEMS = 10_000
const MAX_BODY_BYTES = 4 * 1024 * 1024

/** A run of a batch's items that goes in one request. */
export type BatchPart = { readonly firstItem: number; readonly itemCount: number; readonly body: string }

export function reportBody(report: Report): string {
  return JSON.stringify({ ...identityFields(report), timestamp: timestampText(report.timestamp) })
}

/** The field that names somebody, by itself: what else is in the object is nobody's to know. */
export function identityFields(identity: Identity): { customerNumber: string } | { workProviderUserId: string } {
  const { customerNumber, workProviderUserId } = identity
  if (customerNumber !== undefined && workProviderUserId === undefined) return { customerNumber }
  if (workProviderUserId !== undefined && customerNumber === undefined) return { workProviderUserId }
  throw new TypeError('name exactly one of customerNumber and workProviderUserId')
}

/** Cuts a batch into as few requests as the server's limits on items and bytes allow, in its order. */
export function batchParts(reports: readonly Report[], maxItems: number): BatchPart[] {
  const parts: BatchPart[] = []
  let items: string[] = []
  let bytes = 0
  const close = (end: number): void => {
    if (items.length === 0) return
    parts.push({ firstItem: end - items.length, itemCount: items.length, body: `[${items.join(',')}]` })
    items = []
    bytes = 0
  }
  const encoder = new TextEncoder()
  for (const [index, report] of reports.entries()) {
    const item = reportBody(report)
    // Each item is followed by a comma or the last bracket; the first bracket is one more.
    const size = encoder.encode(item).length + 1
    if (items.length === maxItems || bytes + size + 1 > MAX_BODY_BYTES) close(index)
    items.push(item)
    bytes += size
  }
  close(reports.length)
  return parts
}
