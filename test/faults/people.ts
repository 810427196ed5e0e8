import { createKey } from '../../src/app/api-keys.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import type { Identity } from '../../src/domain/identity.ts'
import {
  fromTemporal,
  type Instant,
  MICROSECONDS_PER_HOUR,
  MICROSECONDS_PER_MINUTE,
  plus,
} from '../../src/domain/instant.ts'
import type { EventKind, ShiftEvent } from '../../src/domain/shift-event.ts'
import type { Random } from '../../src/domain/random.ts'

/* The people of the concurrency run: who there is, and what is reported of them. */

export type WorkProviderOfRun = { readonly name: string; readonly id: string; readonly key: string }

export type People = {
  readonly workProviders: readonly WorkProviderOfRun[]
  readonly customerNumbers: readonly string[]
  readonly userIds: readonly string[]
}

const CUSTOMERS = 36
const USER_IDS = 54
const DAYS_BACK = 6
/** Reports may lie a day ahead: these are what a change of the cap derives again. */
const HOURS_AHEAD = 20

export async function createPeople(context: Context): Promise<People> {
  const workProviders: WorkProviderOfRun[] = []
  for (const name of ['Courier Ltd', 'Rider GmbH']) {
    const { id } = await createWorkProvider(context, name)
    const { key } = await createKey(context, name)
    workProviders.push({ name, id, key })
  }
  const customerNumbers: string[] = []
  for (let index = 0; index < CUSTOMERS; index++) {
    const customer = await createCustomer(context, { email: `c${index}@example.com`, customerNumber: `C${index}` })
    customerNumbers.push(customer.customerNumber)
  }
  return { workProviders, customerNumbers, userIds: Array.from({ length: USER_IDS }, (_, index) => `u${index}`) }
}

/** An instant that others share often: whole quarters of an hour, so that duplicates and equal instants are common. */
export function randomInstant(random: Random): Instant {
  const now = fromTemporal(Temporal.Now.instant())
  const day = plus(now, -(now % (24 * MICROSECONDS_PER_HOUR)))
  const quarters = random.between(-DAYS_BACK * 96, HOURS_AHEAD * 4)
  const instant = plus(day, quarters * 15 * MICROSECONDS_PER_MINUTE)
  return random.chance(0.5) ? plus(instant, random.below(15 * MICROSECONDS_PER_MINUTE)) : instant
}

function randomIdentity(random: Random, people: People, workProviderId: string): Identity {
  return random.chance(0.4)
    ? { workProviderId, kind: 'customer_number', text: random.pick(people.customerNumbers) }
    : { workProviderId, kind: 'user_id', text: random.pick(people.userIds) }
}

/** What one request says: events of one kind at one work provider. */
export type Told = {
  readonly workProvider: WorkProviderOfRun
  readonly kind: EventKind
  readonly events: readonly ShiftEvent[]
}

/** New reports out of order, mixed with repeats of what was `told` before. */
export function randomRequest(random: Random, people: People, told: readonly Told[]): Told {
  if (told.length > 0 && random.chance(0.15)) return random.pick(told)
  const workProvider = random.pick(people.workProviders)
  const kind: EventKind = random.chance(0.5) ? 'login' : 'logout'
  const size = random.chance(0.4) ? 1 : random.between(2, 12)
  const events = Array.from({ length: size }, (): ShiftEvent => {
    return { identity: randomIdentity(random, people, workProvider.id), kind, at: randomInstant(random) }
  })
  return { workProvider, kind, events }
}
