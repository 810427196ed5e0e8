import fc from 'fast-check'
import type { CustomerRecord, StreamRecord } from '../../src/domain/customer-record.ts'
import { BEGINNING, later } from '../../src/domain/interval.ts'
import { type Binding, holding } from '../../src/domain/link.ts'
import type { Instant } from '../../src/domain/instant.ts'
import type { ReceivedEvent } from '../../src/domain/shift-event.ts'
import type { Setting } from '../../src/domain/work-provider.ts'
import type { Identity, World } from '../oracle/facts.ts'

/**
 * Random worlds of one customer, C1, at two work providers, on a coarse grid of time: coincidences (two events at one
 * instant, a logout at the very cap, a setting at the instant of a login) are the rule rather than the exception.
 */
export const GRID = 30 * 60 * 1_000_000
export const START = Date.UTC(2026, 9, 24, 12) * 1_000
const SPAN = 80
export const CUSTOMER = 'C1'
const WORK_PROVIDERS = ['Ace', 'Bolt'] as const
const USER_IDS = ['u1', 'u2'] as const

const instant = fc.integer({ min: 0, max: SPAN }).map((step) => START + step * GRID)
const workProvider = fc.constantFrom(...WORK_PROVIDERS)
const kind = fc.constantFrom('login' as const, 'logout' as const)
const identity: fc.Arbitrary<Identity> = fc.constantFrom<Identity>(
  { kind: 'customer_number', text: CUSTOMER },
  { kind: 'user_id', text: 'u1' },
  { kind: 'user_id', text: 'u2' },
)

/** The grid of caps makes shifts end, by cap and by logout alike, on the grid of events. */
const settings = fc.array(
  fc.oneof(
    fc.record({
      name: fc.constant('cap' as const),
      value: fc.integer({ min: 1, max: 12 }).map((n) => n * GRID),
      effectiveAt: instant,
    }),
    fc.record({
      name: fc.constant('link_requires' as const),
      value: fc.constantFrom('nothing' as const, 'signature' as const, 'match' as const),
      effectiveAt: instant,
    }),
  ),
  { maxLength: 4 },
)

const reports = fc.array(fc.record({ workProvider, identity, kind, at: instant, receivedAt: instant }), {
  maxLength: 40,
})

/** Bindings of a user id follow each other: each ends by a release before the next begins. */
const holdings = fc.array(
  fc.record({
    workProvider,
    userId: fc.constantFrom(...USER_IDS),
    recordedAt: instant,
    released: fc.option(instant),
    mine: fc.boolean(),
  }),
  { maxLength: 5 },
)

export const worlds: fc.Arbitrary<World> = fc
  .record({
    settings: fc.tuple(settings, settings),
    linked: fc.tuple(fc.boolean(), fc.boolean()),
    linkRecordedAt: instant,
    holdings,
    consents: fc.array(
      fc.record({ workProvider, given: fc.boolean(), signed: fc.boolean(), effectiveAt: instant, recordedAt: instant }),
      { maxLength: 5 },
    ),
    matches: fc.array(fc.record({ workProvider, success: fc.boolean(), at: instant }), { maxLength: 3 }),
    policies: fc.array(
      fc.record({
        workProvider: fc.option(workProvider),
        from: instant,
        length: fc.option(fc.integer({ min: 1, max: SPAN })),
        cancelledAt: fc.option(instant),
        recordedAt: instant,
      }),
      { maxLength: 3 },
    ),
    reports,
    annulments: fc.array(fc.record({ report: fc.nat(), annulled: fc.boolean(), recordedAt: instant }), {
      maxLength: 4,
    }),
  })
  .map(build)

function build(raw: {
  settings: [
    { name: 'cap' | 'link_requires'; value: unknown; effectiveAt: number }[],
    { name: 'cap' | 'link_requires'; value: unknown; effectiveAt: number }[],
  ]
  linked: [boolean, boolean]
  linkRecordedAt: number
  holdings: { workProvider: string; userId: string; recordedAt: number; released: number | null; mine: boolean }[]
  consents: { workProvider: string; given: boolean; signed: boolean; effectiveAt: number; recordedAt: number }[]
  matches: { workProvider: string; success: boolean; at: number }[]
  policies: {
    workProvider: string | null
    from: number
    length: number | null
    cancelledAt: number | null
    recordedAt: number
  }[]
  reports: World['reports']
  annulments: { report: number; annulled: boolean; recordedAt: number }[]
}): World {
  let seq = 0
  const names = WORK_PROVIDERS.filter((_, index) => raw.linked[index])
  // Another customer, C2, holds the ids that are not C1's.
  const links = WORK_PROVIDERS.flatMap((name) => [
    ...(names.includes(name)
      ? [{ id: `${name}-${CUSTOMER}`, workProvider: name, customerNumber: CUSTOMER, recordedAt: raw.linkRecordedAt }]
      : []),
    { id: `${name}-C2`, workProvider: name, customerNumber: 'C2', recordedAt: START },
  ])
  const bindings: World['bindings'] = []
  const releases: World['releases'] = []
  for (const held of raw.holdings.toSorted((a, b) => a.recordedAt - b.recordedAt)) {
    const linkId = `${held.workProvider}-${held.mine && names.includes(held.workProvider as never) ? CUSTOMER : 'C2'}`
    const isHeld = bindings.some(
      (one) =>
        one.workProvider === held.workProvider &&
        one.userId === held.userId &&
        !releases.some((release) => release.bindingId === one.id),
    )
    if (isHeld) continue
    const id = ++seq
    bindings.push({ id, workProvider: held.workProvider, userId: held.userId, linkId, recordedAt: held.recordedAt })
    // Recorded with the binding itself: the next one of this id is only ever recorded after it.
    if (held.released !== null)
      releases.push({ bindingId: id, effectiveAt: held.released, recordedAt: held.recordedAt })
  }
  return {
    workProviders: WORK_PROVIDERS.map((name, index) => ({
      name,
      settings: raw.settings[index]!.map((one) => ({
        ...one,
        seq: ++seq,
        recordedAt: one.effectiveAt,
      })) as World['workProviders'][number]['settings'],
    })),
    links,
    bindings,
    releases,
    consents: raw.consents
      .map((one) => ({
        seq: ++seq,
        linkId: `${one.workProvider}-${CUSTOMER}`,
        given: one.given,
        signed: one.signed,
        effectiveAt: one.effectiveAt,
        recordedAt: one.recordedAt,
      }))
      .filter((one) => links.some((link) => link.id === one.linkId)),
    matches: raw.matches.map((one) => ({ ...one, customerNumber: CUSTOMER })),
    policies: raw.policies.map((one, index) => ({
      id: `p${index}`,
      customerNumber: CUSTOMER,
      workProvider: one.workProvider,
      classOfUse: 'delivery',
      coverLevel: 'third party',
      vehicle: null,
      from: one.from,
      to: one.length === null ? null : one.from + one.length * GRID,
      recordedAt: one.recordedAt,
    })),
    cancellations: raw.policies.flatMap((one, index) =>
      one.cancelledAt === null
        ? []
        : [{ policyId: `p${index}`, effectiveAt: one.cancelledAt, recordedAt: one.recordedAt + GRID }],
    ),
    reports: raw.reports,
    annulments: raw.annulments.flatMap((one) => {
      const report = raw.reports[raw.reports.length === 0 ? 0 : one.report % raw.reports.length]
      if (report === undefined) return []
      const { workProvider: name, identity: who, kind: what, at } = report
      return [
        {
          seq: ++seq,
          workProvider: name,
          identity: who,
          kind: what,
          at,
          annulled: one.annulled,
          recordedAt: one.recordedAt,
        },
      ]
    }),
  }
}

/** The world's facts about a customer in the shape that storage gives the domain. */
export function recordOf(world: World, customerNumber: string): CustomerRecord {
  return {
    customerNumber,
    policies: world.policies
      .filter((policy) => policy.customerNumber === customerNumber)
      .map((policy) => ({
        id: policy.id,
        classOfUse: policy.classOfUse,
        coverLevel: policy.coverLevel,
        vehicleRegistration: policy.vehicle,
        workProviderId: policy.workProvider,
        validFrom: policy.from as Instant,
        validTo: policy.to as Instant | null,
        recordedAt: policy.recordedAt as Instant,
        cancellations: world.cancellations
          .filter((one) => one.policyId === policy.id)
          .map((one) => ({ effectiveAt: one.effectiveAt as Instant, recordedAt: one.recordedAt as Instant })),
      })),
    streams: world.links
      .filter((link) => link.customerNumber === customerNumber)
      .map((link, index) => streamOf(world, link, index + 1)),
  }
}

function streamOf(world: World, link: World['links'][number], id: number): StreamRecord {
  const workProviderId = link.workProvider
  const bindings = bindingsOf(world, link, id)
  return {
    link: { id, workProviderId, customerNumber: link.customerNumber, recordedAt: link.recordedAt as Instant },
    workProviderId,
    workProvider: link.workProvider,
    settings: world.workProviders
      .find((one) => one.name === link.workProvider)!
      .settings.map((one): Setting =>
        one.name === 'cap'
          ? {
              seq: one.seq,
              name: 'cap',
              microseconds: one.value,
              effectiveAt: one.effectiveAt as Instant,
              recordedAt: one.recordedAt as Instant,
            }
          : {
              seq: one.seq,
              name: 'link_requires',
              requirement: one.value,
              effectiveAt: one.effectiveAt as Instant,
              recordedAt: one.recordedAt as Instant,
            },
      ),
    consents: world.consents
      .filter((one) => one.linkId === link.id)
      .map((one) => ({ ...one, effectiveAt: one.effectiveAt as Instant, recordedAt: one.recordedAt as Instant })),
    matches: world.matches
      .filter((one) => one.workProvider === link.workProvider && one.customerNumber === link.customerNumber)
      .map((one, index) => ({ requestId: String(index), success: one.success, receivedAt: one.at as Instant })),
    bindings,
    events: eventsOf(world, link.workProvider, bindings),
  }
}

function bindingsOf(world: World, link: World['links'][number], linkId: number): Binding[] {
  const number: Binding = {
    id: 0,
    linkId,
    identity: { kind: 'customer_number', text: link.customerNumber },
    heldFrom: null,
    recordedAt: link.recordedAt as Instant,
    release: null,
  }
  const ends = new Map<string, Instant>()
  const all = world.bindings
    .filter((one) => one.workProvider === link.workProvider)
    .map((one): { linkName: string; binding: Binding } => {
      const release = world.releases.find((candidate) => candidate.bindingId === one.id)
      const binding: Binding = {
        id: one.id,
        linkId,
        identity: { kind: 'user_id', text: one.userId },
        heldFrom: ends.get(one.userId) ?? null,
        recordedAt: one.recordedAt as Instant,
        release:
          release === undefined
            ? null
            : { effectiveAt: release.effectiveAt as Instant, recordedAt: release.recordedAt as Instant },
      }
      ends.set(one.userId, later(holding(binding).to, ends.get(one.userId) ?? BEGINNING))
      return { linkName: one.linkId, binding }
    })
  return [number, ...all.filter((one) => one.linkName === link.id).map((one) => one.binding)]
}

function eventsOf(world: World, workProvider: string, bindings: readonly Binding[]): ReceivedEvent[] {
  const events = new Map<string, ReceivedEvent>()
  for (const report of world.reports) {
    const { kind: identityKind, text } = report.identity
    const isBound = bindings.some((one) => one.identity.kind === identityKind && one.identity.text === text)
    if (report.workProvider !== workProvider || !isBound) continue
    const key = `${identityKind}/${text}/${report.kind}/${report.at}`
    const known = events.get(key)
    if (known !== undefined && known.receivedAt <= report.receivedAt) continue
    events.set(key, {
      identity: { workProviderId: workProvider, kind: identityKind, text },
      kind: report.kind,
      at: report.at as Instant,
      receivedAt: report.receivedAt as Instant,
      requestId: key,
      annulments: world.annulments
        .filter(
          (one) =>
            one.workProvider === workProvider &&
            one.identity.kind === identityKind &&
            one.identity.text === text &&
            one.kind === report.kind &&
            one.at === report.at,
        )
        .map((one) => ({ annulled: one.annulled, reason: '', by: '', recordedAt: one.recordedAt as Instant })),
    })
  }
  return [...events.values()]
}
