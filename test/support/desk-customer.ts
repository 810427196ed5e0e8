import { annulKnownEvent } from '../../src/app/annul.ts'
import { startAcceptor } from '../../src/app/accept.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink, recordConsent } from '../../src/app/links.ts'
import { changePolicy, createPolicy } from '../../src/app/policies.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { type Instant, MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE, plus } from '../../src/domain/instant.ts'
import { localDateOf, type LocalDay, localDay } from '../../src/domain/local-day.ts'
import type { EventKind } from '../../src/domain/shift-event.ts'
import type { TestSite } from './site.ts'

/** A customer with a day on which there is something of everything, as use cases make it. */
export type DeskCustomerWorld = {
  readonly customerNumber: string
  /** The last day of 24 hours that is over, in the insurer's time zone. */
  readonly day: LocalDay
  /** As in `9:40`, on that day. */
  at(time: string): Instant
}

export async function makeDeskCustomer(
  site: Pick<TestSite, 'context' | 'workProviderId' | 'settle'>,
  { customerNumber = 'RITA1', name = 'Rita Rider', email = 'rita@example.com' } = {},
): Promise<DeskCustomerWorld> {
  const { context } = site
  const day = lastWholeDay(context)
  const at = (time: string): Instant => {
    const [hours = 0, minutes = 0] = time.split(':').map(Number)
    return plus(day.from, (hours * 60 + minutes) * MICROSECONDS_PER_MINUTE)
  }
  const long = plus(day.from, -60 * 24 * 60 * MICROSECONDS_PER_MINUTE)
  await createCustomer(context, { customerNumber, email, name })
  const { id: boltId } = await boltFood(context)
  const courier = { workProvider: 'Courier Ltd', customerNumber }
  const bolt = { workProvider: 'Bolt Food', customerNumber }
  await createLink(context, { ...courier, consentedAt: long })
  await createLink(context, { ...bolt, workProviderUserId: `bolt-${customerNumber}` })
  await recordConsent(context, bolt, true, at('13:00'))
  const what = { customerNumber, classOfUse: 'Delivery', coverLevel: 'Third Party (TPO)' }
  const { id } = await createPolicy(context, { ...what, vehicleRegistration: 'AB12 CDE', from: long, to: at('20:45') })
  await changePolicy(context, { ...what, id, vehicleRegistration: 'XY67 ZZZ', at: at('18:00') })

  const told: [string, EventKind, string[]][] = [
    [site.workProviderId, 'login', ['8:50', '9:35', '17:10']],
    [site.workProviderId, 'logout', ['14:05', '21:40']],
    [boltId, 'login', ['12:15', '19:05', '22:30']],
    [boltId, 'logout', ['15:30', '16:20']],
  ]
  for (const [workProviderId, kind, times] of told) {
    const text = workProviderId === boltId ? `bolt-${customerNumber}` : customerNumber
    const identityKind = workProviderId === boltId ? ('user_id' as const) : ('customer_number' as const)
    const reports = times.map((time) => ({ identity: { kind: identityKind, text }, at: at(time) }))
    await startAcceptor(context, () => {}).accept({ requestId: context.newId(), workProviderId, kind, reports })
  }
  await site.settle()
  const identity = { workProviderId: boltId, kind: 'user_id' as const, text: `bolt-${customerNumber}` }
  await annulKnownEvent(
    context,
    { identity, kind: 'login', at: at('22:30') },
    { annulled: true, reason: 'Signed in by mistake' },
  )
  return { customerNumber, day, at }
}

const boltFoods = new WeakMap<object, Promise<{ id: string }>>()

/** One of each store, however many customers are made. */
function boltFood(context: Context): Promise<{ id: string }> {
  const made = boltFoods.get(context.db) ?? createWorkProvider(context, 'Bolt Food')
  boltFoods.set(context.db, made)
  return made
}

function lastWholeDay({ now, timeZone }: Context): LocalDay {
  const today = localDateOf(now(), timeZone)
  const days = [1, 2].map((ago) => localDay(today.subtract({ days: ago }), timeZone))
  return days.find(({ from, to }) => to - from === 24 * MICROSECONDS_PER_HOUR)!
}
