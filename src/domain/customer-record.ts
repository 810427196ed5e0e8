import type { Instant } from './instant.ts'
import { contains } from './interval.ts'
import { type Binding, holding, type Link, type LinkFacts } from './link.ts'
import type { Policy } from './policy.ts'
import { type CapAt, type Derived, deriveStream, momentsOf } from './shift-engine.ts'
import { isAnnulled, type ReceivedEvent } from './shift-event.ts'
import { capRule } from './work-provider.ts'

/** Every fact that a customer's shifts and cover follow from. */
export type CustomerRecord = {
  readonly customerNumber: string
  readonly policies: readonly Policy[]
  readonly streams: readonly StreamRecord[]
}

/** The facts of one stream: the customer's link to one work provider and all events under the identities it holds. */
export type StreamRecord = LinkFacts & {
  readonly link: Link
  readonly workProviderId: string
  readonly workProvider: string
  readonly bindings: readonly Binding[]
  /** All events under the bound identities, those of other holders' times too. */
  readonly events: readonly ReceivedEvent[]
}

/** The record as it was known at an instant: only facts recorded by then. Ask it with `now` at that instant. */
export function asKnownAt(record: CustomerRecord, known: Instant): CustomerRecord {
  const byThen = <F extends { recordedAt: Instant }>(facts: readonly F[]): F[] =>
    facts.filter((fact) => fact.recordedAt <= known)
  return {
    customerNumber: record.customerNumber,
    policies: byThen(record.policies).map((policy) => ({ ...policy, cancellations: byThen(policy.cancellations) })),
    streams: record.streams
      .filter((stream) => stream.link.recordedAt <= known)
      .map((stream) => ({
        ...stream,
        settings: byThen(stream.settings),
        consents: byThen(stream.consents),
        matches: stream.matches.filter((match) => match.receivedAt <= known),
        bindings: byThen(stream.bindings).map((binding) =>
          binding.release !== null && binding.release.recordedAt > known ? { ...binding, release: null } : binding,
        ),
        events: stream.events
          .filter((event) => event.receivedAt <= known)
          .map((event) => ({ ...event, annulments: byThen(event.annulments) })),
      })),
  }
}

/** The events that belong to the stream, annulled ones too. */
export function streamEvents(stream: StreamRecord): ReceivedEvent[] {
  return stream.events.filter((event) => bindingOf(stream, event) !== null)
}

/** The binding by which an event belongs to the stream. */
export function bindingOf(stream: StreamRecord, event: ReceivedEvent): Binding | null {
  const { kind, text } = event.identity
  const belongs = (binding: Binding): boolean =>
    binding.identity.kind === kind && binding.identity.text === text && contains(holding(binding), event.at)
  return stream.bindings.find(belongs) ?? null
}

/** The stream derived from scratch: what is stored has to equal this. */
export function deriveFromFacts(stream: StreamRecord): Derived {
  const capAt: CapAt = capRule(stream.settings)
  return deriveStream(momentsOf(streamEvents(stream).filter((event) => !isAnnulled(event))), capAt)
}
