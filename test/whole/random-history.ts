import fc from 'fast-check'
import { annulEvent } from '../../src/app/annul.ts'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { cancelPolicy, createPolicy } from '../../src/app/policies.ts'
import { createLink, recordConsent, releaseUserId } from '../../src/app/links.ts'
import { recordMatch } from '../../src/app/match.ts'
import { derivePending, projectReports } from '../../src/app/project.ts'
import { changeSettings, createWorkProvider } from '../../src/app/work-providers.ts'
import { Impossible } from '../../src/domain/errors.ts'
import type { IdentityName } from '../../src/domain/identity.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { type EventKind, eventId } from '../../src/domain/shift-event.ts'

/* A random history of one customer (and of a rival for the same user ids), told to the real use cases step by step. */

export const GRID = 30 * 60 * 1_000_000
/** Steps of the grid before and after the present in which things are said to happen. */
const PAST = 60
const AHEAD = 40

export type Step =
  | { do: 'report'; kind: EventKind; reports: { identity: 'number' | 'u1' | 'u2'; step: number }[] }
  | { do: 'project'; limit: number }
  | { do: 'link'; rival: boolean; userId: 'u1' | 'u2' | null; consentedAt: number | null }
  | { do: 'consent'; given: boolean; step: number }
  | { do: 'release'; userId: 'u1' | 'u2'; step: number }
  | { do: 'policy'; from: number; length: number | null; ofWorkProvider: boolean }
  | { do: 'cancel'; step: number }
  | { do: 'match'; success: boolean }
  | { do: 'annul'; nth: number; annulled: boolean }
  | { do: 'cap'; steps: number }
  | { do: 'require'; what: 'nothing' | 'signature' | 'match' }
  | { do: 'ask' }

const step = fc.integer({ min: -PAST, max: 0 })
const anyStep = fc.integer({ min: -PAST, max: AHEAD })
const userId = fc.constantFrom('u1' as const, 'u2' as const)

const anySteps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        do: fc.constant('report' as const),
        kind: fc.constantFrom('login' as const, 'logout' as const),
        reports: fc.array(
          fc.record({ identity: fc.constantFrom('number' as const, 'u1' as const, 'u2' as const), step: anyStep }),
          { minLength: 1, maxLength: 6 },
        ),
      }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('project' as const), limit: fc.integer({ min: 1, max: 5 }) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('link' as const),
        rival: fc.boolean(),
        userId: fc.option(userId),
        consentedAt: fc.option(step),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('consent' as const), given: fc.boolean(), step }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), userId, step: anyStep }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('policy' as const),
        from: step,
        length: fc.option(fc.integer({ min: 1, max: PAST })),
        ofWorkProvider: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), step }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('match' as const), success: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('annul' as const), nth: fc.nat(), annulled: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('cap' as const), steps: fc.integer({ min: 1, max: 12 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('require' as const),
        what: fc.constantFrom('nothing' as const, 'signature' as const, 'match' as const),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('ask' as const) }) },
  ),
  { minLength: 5, maxLength: 35 },
)

/** Somewhere in every history the customer is linked and insured, so that reports come to something. */
export const histories: fc.Arbitrary<Step[]> = fc
  .tuple(anySteps, fc.nat(), fc.nat())
  .map(([steps, linkedAt, insuredAt]) =>
    steps
      .toSpliced(linkedAt % steps.length, 0, { do: 'link', rival: false, userId: 'u1', consentedAt: -PAST })
      .toSpliced(insuredAt % steps.length, 0, { do: 'policy', from: -PAST, length: null, ofWorkProvider: false }),
  )

export type Told = {
  readonly customerNumber: string
  readonly rivalNumber: string
  readonly workProvider: string
  /** Tells one step; asking is the caller's. */
  tell(step: Step): Promise<void>
}

let started = 0

/** A fresh work provider with a customer and a rival, so that many histories share a store. */
export async function startHistory(context: Context): Promise<Told> {
  const n = ++started
  const workProvider = await createWorkProvider(context, `Ace ${n}`)
  const customerNumber = `C${n}`
  const rivalNumber = `R${n}`
  for (const number of [customerNumber, rivalNumber]) {
    await createCustomer(context, { email: `${number}@example.com`, customerNumber: number })
  }
  const base = Math.floor(context.now() / GRID) * GRID
  const at = (steps: number): Instant => (base + steps * GRID) as Instant
  const acceptor = startAcceptor(context, () => {})
  const policies: string[] = []
  const events: { identity: IdentityName; kind: EventKind; at: Instant }[] = []
  const named = (identity: 'number' | 'u1' | 'u2'): IdentityName =>
    identity === 'number' ? { kind: 'customer_number', text: customerNumber } : { kind: 'user_id', text: identity }

  async function tell(one: Step): Promise<void> {
    switch (one.do) {
      case 'report': {
        const reports = one.reports.map(({ identity, step: steps }) => ({ identity: named(identity), at: at(steps) }))
        await acceptor.accept({ requestId: context.newId(), workProviderId: workProvider.id, kind: one.kind, reports })
        events.push(...reports.map((report) => ({ ...report, kind: one.kind })))
        return
      }
      case 'project':
        await projectReports(context.db, one.limit)
        await derivePending(context.db)
        return
      case 'link': {
        const consentedAt = one.consentedAt === null ? undefined : at(one.consentedAt)
        const number = one.rival ? rivalNumber : customerNumber
        await createLink(context, {
          workProvider: workProvider.name,
          customerNumber: number,
          workProviderUserId: one.userId ?? undefined,
          consentedAt,
        })
        return
      }
      case 'consent':
        await recordConsent(context, { workProvider: workProvider.name, customerNumber }, one.given, at(one.step))
        return
      case 'release':
        await releaseUserId(context, {
          workProvider: workProvider.name,
          workProviderUserId: one.userId,
          at: at(one.step),
        })
        return
      case 'policy': {
        const to = one.length === null ? undefined : at(one.from + one.length)
        const policy = await createPolicy(context, {
          customerNumber,
          classOfUse: 'delivery',
          coverLevel: 'TPO',
          workProvider: one.ofWorkProvider ? workProvider.name : undefined,
          from: at(one.from),
          to,
        })
        policies.push(policy.id)
        return
      }
      case 'cancel':
        if (policies.length > 0) await cancelPolicy(context, policies.at(-1)!, at(one.step))
        return
      case 'match':
        await recordMatch(context, {
          requestId: context.newId(),
          workProviderId: workProvider.id,
          customerNumber,
          success: one.success,
        })
        return
      case 'annul': {
        const event = events[one.nth % Math.max(1, events.length)]
        if (event === undefined) return
        const id = eventId({ ...event, identity: { workProviderId: workProvider.id, ...event.identity } })
        await annulEvent(context, { eventId: id, annulled: one.annulled, reason: 'a test' })
        return
      }
      case 'cap':
        await changeSettings(context, workProvider.name, { cap: one.steps * GRID })
        return
      case 'require':
        await changeSettings(context, workProvider.name, { linkRequires: one.what })
        return
      case 'ask':
    }
  }

  return {
    customerNumber,
    rivalNumber,
    workProvider: workProvider.name,
    async tell(one) {
      try {
        await tell(one)
      } catch (error) {
        // What cannot be done (a link that exists, an id held by the rival) is told so, and changes nothing.
        if (!(error instanceof Impossible)) throw error
      }
    },
  }
}
