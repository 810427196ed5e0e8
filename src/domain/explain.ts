import { bindingOf, type CustomerRecord, type StreamRecord, streamEvents } from './customer-record.ts'
import { formatInstant, type Instant } from './instant.ts'
import { later } from './interval.ts'
import { consentAt, holding, isActiveAt, type LinkFacts } from './link.ts'
import { isGoodFor, type Policy, policyAt, validity } from './policy.ts'
import { type Shift, shiftAt } from './shift-engine.ts'
import { eventId, isAnnulled, type ReceivedEvent } from './shift-event.ts'
import { isCovered, standingAt } from './standing.ts'

/** One link of the chain that decides cover: what it says, from when it has effect, and when it became known. */
export type Fact = {
  readonly fact: 'event' | 'binding' | 'link' | 'consent' | 'match' | 'shift' | 'policy'
  readonly id: string
  readonly workProvider: string | null
  readonly says: string
  readonly effectiveAt: Instant
  readonly recordedAt: Instant | null
}

export type Explanation = { readonly covered: boolean; readonly why: string; readonly facts: readonly Fact[] }

type Verdict = { readonly covered: boolean; readonly sentence: string; readonly facts: readonly Fact[] }

/** Why a customer was or was not covered at an instant, as it stands at `now` (no earlier than that instant). */
export function explainCover(record: CustomerRecord, at: Instant, now: Instant): Explanation {
  const verdicts = record.streams.map((stream) => judge(stream, record.policies, at, now))
  const good = verdicts.filter((verdict) => verdict.covered)
  const told = good.length > 0 ? good : verdicts
  const opening = good.length > 0 ? 'Covered' : 'Not covered'
  const reasons =
    verdicts.length === 0 ? 'no work provider is linked' : told.map((verdict) => verdict.sentence).join('; ')
  return {
    covered: good.length > 0,
    why: `${opening} at ${formatInstant(at)}: ${reasons}.`,
    facts: told.flatMap((verdict) => verdict.facts),
  }
}

function judge(stream: StreamRecord, policies: readonly Policy[], at: Instant, now: Instant): Verdict {
  const standing = standingAt(stream, policies, at)
  const { shift, policy } = standing
  const facts = [
    ...eventFacts(stream, shift, at, now),
    ...(shift === null ? [] : [shiftFact(stream, shift, now)]),
    ...linkFacts(stream, at),
    ...(policy === null ? [] : [policyFact(policy)]),
  ]
  const onShift = shift === null ? '' : `on shift for ${stream.workProvider} since ${formatInstant(shift.startedAt)}, `
  if (isCovered(standing)) {
    const since = formatInstant(standing.activeSince)
    const sentence = `${onShift}link active since ${since}, ${policyWords(standing.policy)}`
    return { covered: true, sentence, facts }
  }
  const lacking = [
    ...(shift === null ? [offShift(stream, standing.shifts, at, now)] : []),
    ...lackingBesidesShift(stream, policies, at),
  ]
  return { covered: false, sentence: `${onShift}${shift === null ? '' : 'but '}${lacking.join(' and ')}`, facts }
}

/** What decides about somebody on shift. */
export type Eligibility = LinkFacts & { readonly workProviderId: string; readonly workProvider: string }

/** What keeps somebody who is on shift at an instant from being covered then, in words; nothing where they are covered. */
export function lackingBesidesShift(stream: Eligibility, policies: readonly Policy[], at: Instant): string[] {
  const isPolicyLacking = policyAt(policies, stream.workProviderId, at) === null
  return [
    ...(isActiveAt(stream, at)
      ? []
      : [`the link to ${stream.workProvider} was not active (${whyInactive(stream, at)})`]),
    ...(isPolicyLacking ? [whyNoPolicy(stream, policies, at)] : []),
  ]
}

function offShift(stream: StreamRecord, shifts: readonly Shift[], at: Instant, now: Instant): string {
  const before = shifts.findLast((shift) => shift.startedAt <= at)
  if (before === undefined) return `not on shift for ${stream.workProvider}: no login by then`
  const { endedAt, capAt } = shiftAt(before, now)
  const end = endedAt === null ? `its cap at ${formatInstant(capAt)}` : `logout at ${formatInstant(endedAt)}`
  return `not on shift for ${stream.workProvider}: the last shift, from ${formatInstant(before.startedAt)}, ended by ${end}`
}

function whyInactive(stream: Eligibility, at: Instant): string {
  const consent = consentAt(stream.consents, at)
  if (consent === null) return 'no consent by then'
  if (!consent.given) return `consent withdrawn at ${formatInstant(consent.effectiveAt)}`
  return 'consent given, but what the work provider requires was not met'
}

function whyNoPolicy(stream: Eligibility, policies: readonly Policy[], at: Instant): string {
  const good = policies.filter((policy) => isGoodFor(policy, stream.workProviderId))
  if (policies.length === 0) return 'there is no policy'
  if (good.length === 0) return `no policy is good for ${stream.workProvider}`
  const ended = good
    .filter((policy) => validity(policy).to <= at)
    .sort((a, b) => validity(a).to - validity(b).to)
    .at(-1)
  if (ended !== undefined) return `policy ${ended.id} ended at ${formatInstant(validity(ended).to)}`
  const first = good.sort((a, b) => a.validFrom - b.validFrom)[0]!
  return `policy ${first.id} only begins at ${formatInstant(first.validFrom)}`
}

function policyWords(policy: Policy): string {
  const vehicle = policy.vehicleRegistration === null ? '' : `, vehicle ${policy.vehicleRegistration}`
  return `policy ${policy.id} (${policy.classOfUse}, ${policy.coverLevel}${vehicle}) valid since ${formatInstant(policy.validFrom)}`
}

/** The login and logout of the shift, or off shift the last event by then; each with the binding that brought it here. */
function eventFacts(stream: StreamRecord, shift: Shift | null, at: Instant, now: Instant): Fact[] {
  const events = streamEvents(stream).filter((event) => event.at <= now)
  const isPart = (event: ReceivedEvent): boolean =>
    shift !== null &&
    !isAnnulled(event) &&
    ((event.kind === 'login' && event.at === shift.startedAt) ||
      (event.kind === 'logout' && event.at === shift.endedAt))
  const last = events
    .filter((event) => event.at <= at)
    .sort((a, b) => a.at - b.at)
    .at(-1)
  const told = shift === null ? (last === undefined ? [] : [last]) : events.filter(isPart)
  return told.sort((a, b) => a.at - b.at).flatMap((event) => [eventFact(stream, event), bindingFact(stream, event)])
}

function eventFact(stream: StreamRecord, event: ReceivedEvent): Fact {
  const name = event.identity.kind === 'customer_number' ? 'customer number' : 'work provider user id'
  const annulment = event.annulments.at(-1)
  const annulled = annulment?.annulled ? `, annulled by ${annulment.by}: ${annulment.reason}` : ''
  return {
    fact: 'event',
    id: eventId(event),
    workProvider: stream.workProvider,
    says: `${event.kind} reported for ${name} ${event.identity.text}${annulled}`,
    effectiveAt: event.at,
    recordedAt: annulled === '' ? event.receivedAt : later(event.receivedAt, annulment!.recordedAt),
  }
}

function bindingFact(stream: StreamRecord, event: ReceivedEvent): Fact {
  const binding = bindingOf(stream, event)!
  const held = holding(binding)
  return {
    fact: 'binding',
    id: String(binding.id),
    workProvider: stream.workProvider,
    says: `${binding.identity.text} is bound to customer ${stream.link.customerNumber}`,
    effectiveAt: binding.heldFrom === null ? binding.recordedAt : held.from,
    recordedAt: binding.recordedAt,
  }
}

function shiftFact(stream: StreamRecord, shift: Shift, now: Instant): Fact {
  const { endedAt, capAt, endReason } = shiftAt(shift, now)
  const end =
    endReason === 'logout'
      ? `ended by logout at ${formatInstant(endedAt!)}`
      : endReason === 'cap'
        ? `ended by its cap at ${formatInstant(capAt)}`
        : `still open, cap at ${formatInstant(capAt)}`
  return {
    fact: 'shift',
    id: `${stream.link.id}/${formatInstant(shift.startedAt)}`,
    workProvider: stream.workProvider,
    says: `shift from ${formatInstant(shift.startedAt)}, ${end}`,
    effectiveAt: shift.startedAt,
    recordedAt: null,
  }
}

function linkFacts(stream: StreamRecord, at: Instant): Fact[] {
  const { link, workProvider } = stream
  const consent = consentAt(stream.consents, at)
  const match = stream.matches.findLast((one) => one.receivedAt <= at)
  return [
    {
      fact: 'link',
      id: String(link.id),
      workProvider,
      says: `customer ${link.customerNumber} is linked to ${workProvider}`,
      effectiveAt: link.recordedAt,
      recordedAt: link.recordedAt,
    },
    ...(consent === null
      ? []
      : [
          {
            fact: 'consent' as const,
            id: String(consent.seq),
            workProvider,
            says: consent.given ? 'consent given' : 'consent withdrawn',
            effectiveAt: consent.effectiveAt,
            recordedAt: consent.recordedAt,
          },
        ]),
    ...(match === undefined
      ? []
      : [
          {
            fact: 'match' as const,
            id: match.requestId,
            workProvider,
            says: match.success ? 'the work provider recognises the customer' : 'the work provider found no match',
            effectiveAt: match.receivedAt,
            recordedAt: match.receivedAt,
          },
        ]),
  ]
}

function policyFact(policy: Policy): Fact {
  return {
    fact: 'policy',
    id: policy.id,
    workProvider: null,
    says: policyWords(policy),
    effectiveAt: policy.validFrom,
    recordedAt: policy.recordedAt,
  }
}
