import { annulEvent } from '../../src/app/annul.ts'
import { check } from '../../src/app/check.ts'
import type { Context } from '../../src/app/context.ts'
import { createLink, recordConsent, releaseUserId } from '../../src/app/links.ts'
import { changeSettings } from '../../src/app/work-providers.ts'
import { Impossible } from '../../src/domain/errors.ts'
import { MICROSECONDS_PER_HOUR, MICROSECONDS_PER_MINUTE } from '../../src/domain/instant.ts'
import { eventId } from '../../src/domain/shift-event.ts'
import { type People, randomInstant, type Told } from './people.ts'
import type { Random } from '../../src/domain/random.ts'

/* What staff and drivers do meanwhile, through the use cases: each of these takes the projectors' locks. */

export type StaffRun = {
  /** How often each thing was done, and how often the rules refused it. */
  readonly done: Record<string, number>
  readonly refused: Record<string, number>
  /** The longest that each took, refused or not, in milliseconds: to be looked at, not asserted. */
  readonly longestMs: Record<string, number>
  /** Differences that a check beside the running projectors saw: there may be none. */
  readonly differences: unknown[]
}

type Act = { name: string; weight: number; run: (context: Context) => Promise<unknown> }

/** Does random things until `isOver`. What the rules refuse is counted; any other failure ends the run. */
export async function actAsStaff(
  context: Context,
  random: Random,
  people: People,
  told: readonly Told[],
  run: StaffRun,
  isOver: () => boolean,
): Promise<void> {
  const acts = actsOf(random, people, told, run)
  const turns = acts.flatMap((act) => Array.from({ length: act.weight }, () => act))
  while (!isOver()) {
    const act = random.pick(turns)
    const started = performance.now()
    try {
      await act.run(context)
      run.done[act.name] = (run.done[act.name] ?? 0) + 1
    } catch (error) {
      if (!(error instanceof Impossible)) throw new Error(`${act.name} failed`, { cause: error })
      run.refused[act.name] = (run.refused[act.name] ?? 0) + 1
    }
    run.longestMs[act.name] = Math.max(run.longestMs[act.name] ?? 0, Math.round(performance.now() - started))
  }
}

function actsOf(random: Random, people: People, told: readonly Told[], run: StaffRun): Act[] {
  const workProvider = (): string => random.pick(people.workProviders).name
  const customer = (): string => random.pick(people.customerNumbers)
  const userId = (): string => random.pick(people.userIds)
  return [
    {
      name: 'link',
      weight: 12,
      run: (context) =>
        createLink(context, {
          workProvider: workProvider(),
          customerNumber: customer(),
          workProviderUserId: random.chance(0.8) ? userId() : undefined,
          consentedAt: random.chance(0.3) ? randomInstant(random) : undefined,
        }),
    },
    {
      name: 'release',
      weight: 8,
      run: (context) =>
        releaseUserId(context, {
          workProvider: workProvider(),
          workProviderUserId: userId(),
          at: random.chance(0.7) ? randomInstant(random) : undefined,
        }),
    },
    { name: 'annul', weight: 6, run: (context) => annul(context, random, told, true) },
    { name: 'restore', weight: 4, run: (context) => annul(context, random, told, false) },
    {
      name: 'consent',
      weight: 2,
      run: (context) =>
        recordConsent(context, { workProvider: workProvider(), customerNumber: customer() }, random.chance(0.5)),
    },
    {
      name: 'cap',
      weight: 1,
      run: (context) => {
        const cap = random.chance(0.5)
          ? random.between(1, 24) * MICROSECONDS_PER_HOUR
          : random.between(10, 200) * MICROSECONDS_PER_MINUTE
        return changeSettings(context, workProvider(), { cap })
      },
    },
    { name: 'check', weight: 1, run: async (context) => run.differences.push(...(await check(context)).differences) },
  ]
}

async function annul(context: Context, random: Random, told: readonly Told[], annulled: boolean): Promise<void> {
  if (told.length === 0) throw new Impossible('nothing was told yet')
  // Mostly what is derived already; at times what waits in the inbox, which is derived first then.
  const request = random.chance(0.9) ? told[random.below(Math.ceil(told.length / 2))]! : random.pick(told)
  const event = random.pick(request.events)
  await annulEvent(context, { eventId: eventId(event), annulled, reason: 'a test' })
}
