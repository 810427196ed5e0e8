import { type CaseKind, type CaseName } from '../../domain/case.ts'
import { type IdentityKind, parseCustomerNumber, parseIdentity } from '../../domain/identity.ts'
import { isUuid } from '../../domain/uuid.ts'

/* Cases have addresses that can be kept: named by what they are about, not by a number. */

const AT = '/staff/reconciliation'

/** The kinds by the first part of their address. */
const MATCHES = {
  'failed-match': 'failed match',
  'unknown-number': 'unknown customer number',
  'waiting-consent': 'waiting for consent',
} as const satisfies Readonly<Record<string, CaseKind>>

/** The patterns of the addresses of cases. */
export const CASE_PATHS: readonly string[] = [
  `${AT}/parked/:workProvider/:kind/:identity`,
  ...Object.keys(MATCHES).map((part) => `${AT}/${part}/:workProvider/:number`),
  `${AT}/conflict/:workProvider/:identity/:number`,
]
export const PARKED_PATH = CASE_PATHS[0]!
export const CONFLICT_PATH = CASE_PATHS.at(-1)!

export function addressOfCase({ kind, workProviderId, about, claimant }: CaseName): string {
  switch (kind) {
    case 'parked user id':
      return `${AT}/parked/${workProviderId}/user_id/${partOf(about)}`
    case 'parked customer number':
      return `${AT}/parked/${workProviderId}/customer_number/${partOf(about)}`
    case 'conflicting claim':
      return `${AT}/conflict/${workProviderId}/${partOf(about)}/${claimant}`
    default: {
      const [part] = Object.entries(MATCHES).find(([, one]) => one === kind)!
      return `${AT}/${part}/${workProviderId}/${about}`
    }
  }
}

/** The case at an address; null where there can be none. */
export function caseAtAddress(path: string, parameters: Readonly<Record<string, string>>): CaseName | null {
  const { workProvider: workProviderId = '', kind = '', identity = '', number = '' } = parameters
  if (!isUuid(workProviderId)) return null
  const part = path.slice(AT.length + 1).split('/')[0]!
  if (part === 'parked') {
    if (kind !== 'user_id' && kind !== 'customer_number') return null
    const about = textOf(kind, identity)
    const parked = kind === 'user_id' ? 'parked user id' : 'parked customer number'
    return about === null ? null : { kind: parked, workProviderId, about, claimant: '' }
  }
  const customerNumber = parseCustomerNumber(number)
  if (customerNumber === null) return null
  if (part === 'conflict') {
    const about = textOf('user_id', identity)
    return about === null ? null : { kind: 'conflicting claim', workProviderId, about, claimant: customerNumber }
  }
  return { kind: MATCHES[part as keyof typeof MATCHES], workProviderId, about: customerNumber, claimant: '' }
}

/** An id may be any text, but browsers take a part of a path that is `.` or `..` away: those get a `~` before them. */
function partOf(identity: string): string {
  return encodeURIComponent(/^~|^\.{1,2}$/.test(identity) ? `~${identity}` : identity)
}

function textOf(kind: IdentityKind, part: string): string | null {
  const parsed = parseIdentity(kind, part.startsWith('~') ? part.slice(1) : part)
  return 'problem' in parsed ? null : parsed.identity.text
}
