import { startAcceptor } from '../../src/app/accept.ts'
import { check } from '../../src/app/check.ts'
import type { Context } from '../../src/app/context.ts'
import { projectTurn } from '../../src/app/project.ts'
import { isUnavailable } from '../../src/storage/database.ts'
import { openStore } from '../support/stores.ts'
import { waitFor } from './harness.ts'
import { isInboxEmpty } from './ledger.ts'
import { createPersons, type Persons, resultOf } from './projector-persons.ts'
import { seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import type { RowResult } from './verdict.ts'
import { openWay, type Way } from './way.ts'

/*
 * D10: the connection of a projector is cut after each statement of its turn: before the answer comes, or after it. The
 * same reports are told of other people each time, and what comes out has to be the same as where nothing was cut.
 */

const REPORTS_A_TURN = 1_000
const AFTER = ['its answer is lost', 'its answer is there'] as const

export const projectorCut: Row = {
  id: 'D10',
  guarantee: 'a projector cut off after any statement of its turn: the same result as without',
  engines: ['embedded', 'server', 'citus'],
  skip: () => false,
  run: cutProjector,
}

type Counts = { deaths: number; requests: number; reports: number }

async function cutProjector({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const store = await openStore(engine)
  const way = await openWay(store)
  const counts: Counts = { deaths: 0, requests: 0, reports: 0 }
  const problems: string[] = []
  try {
    for (let round = 1; round <= rounds; round++) {
      const persons = await createPersons(store.context, random)
      const wanted = await live(store.context, persons, null, counts)
      for (const after of AFTER) {
        for (let statement = 1; ; statement++) {
          const death = { way, statement, isAnswered: after === AFTER[1], died: false }
          const result = await live(store.context, persons, death, counts)
          if (result !== wanted) problems.push(`dead after statement ${statement}, ${after}: ${apart(result, wanted)}`)
          if (!death.died) break
        }
      }
      log(`round ${round}/${rounds}: ${counts.deaths} deaths`)
    }
    const { differences, shifts } = await check(store.context)
    if (differences.length > 0) problems.push(`zego check finds differences: ${JSON.stringify(differences)}`)
    const { requests, reports: reportsChecked } = counts
    return {
      rounds,
      requests,
      accepted: requests,
      unanswered: 0,
      reportsChecked,
      lost: 0,
      invented: 0,
      shifts,
      problems,
    }
  } finally {
    await way.close()
    await store.close()
  }
}

/** Where two results part, with what stands around it. */
function apart(result: string, wanted: string): string {
  const at = [...wanted].findIndex((character, index) => result[index] !== character)
  return [result, wanted].map((text) => text.slice(Math.max(0, at - 100), at + 100)).join(' instead of ')
}

type Death = { readonly way: Way; readonly statement: number; readonly isAnswered: boolean; died: boolean }

/** Tells the story of new people, with a death in the turn that derives its second half; answers all that is stored of them. */
async function live(context: Context, persons: Persons, death: Death | null, counts: Counts): Promise<string> {
  const story = await persons.tell()
  const acceptor = startAcceptor(context, () => {})
  for (const part of [story.first, story.second]) {
    for (const request of part) await acceptor.accept(request)
    counts.requests += part.length
    counts.reports += part.reduce((sum, request) => sum + request.reports.length, 0)
    if (part === story.second && death !== null) {
      death.died = await dieInTurn(death)
      counts.deaths += death.died ? 1 : 0
    }
    await waitFor('everything being derived', async () => {
      await projectTurn(context.db, REPORTS_A_TURN)
      return isInboxEmpty(context)
    })
  }
  return resultOf(context, story)
}

/** Answers whether the turn was cut off; not so when it has fewer statements. */
async function dieInTurn({ way, statement, isAnswered }: Death): Promise<boolean> {
  const { context, close } = way.connect(statement, isAnswered)
  try {
    await projectTurn(context.db, REPORTS_A_TURN)
    return false
  } catch (error) {
    if (!isUnavailable(error)) throw error
    return true
  } finally {
    await close()
  }
}
