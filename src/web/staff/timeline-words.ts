import type { Instant } from '../../domain/instant.ts'
import { BEGINNING, FOREVER, type Interval } from '../../domain/interval.ts'
import type { Consent } from '../../domain/link.ts'
import type { Policy } from '../../domain/policy.ts'
import type { ShiftAt } from '../../domain/shift-engine.ts'
import type { ReceivedEvent } from '../../domain/shift-event.ts'
import type { EventOutcome, PolicyStretch, TimelineEvent } from '../../domain/timeline.ts'
import { formatExactly, formatLength } from '../kit/times.ts'

/* What the marks of a timeline say: in their titles, and in the tables. */

const OUTCOMES: Readonly<Record<Exclude<EventOutcome, 'annulled'>, string>> = {
  opened: 'opened a shift',
  closed: 'closed the shift',
  repeat: 'a repeat: a shift was open, so it changed nothing',
  orphan: 'an orphan: no shift was open, so it closed nothing',
  empty: 'an empty shift: login and logout at one instant',
  pending: 'told of an instant still to come: not counted yet',
}

export function outcomeWords({ event, outcome }: TimelineEvent): string {
  if (outcome !== 'annulled') return OUTCOMES[outcome]
  const { by, reason } = event.annulments.at(-1)!
  return `annulled by ${by}: ${reason}`
}

export function kindWords({ kind }: ReceivedEvent): string {
  return kind === 'login' ? 'Login' : 'Logout'
}

export function identityWords({ identity }: ReceivedEvent): string {
  return `${identity.kind === 'customer_number' ? 'customer number' : 'work provider user id'} ${identity.text}`
}

export function eventTitle(told: TimelineEvent, timeZone: string): string {
  const { event } = told
  const received = `Received ${formatExactly(event.receivedAt, timeZone)}.`
  return `${kindWords(event)}, ${formatExactly(event.at, timeZone)}, ${identityWords(event)}: ${outcomeWords(told)}. ${received}`
}

export function shiftEndWords({ endReason, capAt }: ShiftAt, timeZone: string): string {
  if (endReason === 'logout') return 'ended by logout'
  if (endReason === 'cap') return 'ended by its cap: no logout came'
  return `still open, cap at ${formatExactly(capAt, timeZone)}`
}

export function shiftTitle(shift: ShiftAt, whole: Interval, timeZone: string): string {
  const start = formatExactly(whole.from, timeZone)
  if (shift.endReason === null) return `Shift from ${start}, ${shiftEndWords(shift, timeZone)}.`
  return `Shift ${fromTo(whole, timeZone)} (${lengthWords(whole)}), ${shiftEndWords(shift, timeZone)}.`
}

export function consentWords({ given, signed }: Consent): string {
  return given ? `given${signed ? ', through a signed link' : ''}` : 'withdrawn'
}

export function policyWords({ classOfUse, coverLevel, vehicleRegistration }: Policy): string {
  return [classOfUse, coverLevel, ...(vehicleRegistration === null ? [] : [vehicleRegistration])].join(', ')
}

export function goodForWords({ policy, onlyFor }: PolicyStretch): string {
  if (policy.workProviderId === null) return 'every work provider'
  return onlyFor === null ? 'one work provider, which is not linked' : `${onlyFor} only`
}

export function policyTitle(stretch: PolicyStretch, timeZone: string): string {
  const { policy, whole } = stretch
  return `Policy ${policy.id}: ${policyWords(policy)}, good for ${goodForWords(stretch)}, valid ${fromTo(whole, timeZone)}.`
}

/** `from ... to ...`, or what is true of times without end. */
export function fromTo({ from, to }: Interval, timeZone: string): string {
  const start = from === BEGINNING ? 'ever since' : `from ${formatExactly(from, timeZone)}`
  return to === FOREVER ? `${start}, until further notice` : `${start} to ${formatExactly(to, timeZone)}`
}

export function lengthWords({ from, to }: { from: Instant; to: Instant }): string {
  return formatLength(to - from)
}

export function and(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
