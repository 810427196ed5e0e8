import type { Context } from '../../src/app/context.ts'
import { openClient } from './client.ts'
import { type Server, withServer, zegoCheck } from './harness.ts'
import { compareLedgers, readEvents, readReports, waitUntilInboxEmpty } from './ledger.ts'
import { type Recorder, send } from './load.ts'
import type { ChildStore } from './store.ts'

/** What came out of a run of one row of the faults. */
export type RowResult = {
  readonly rounds: number
  readonly requests: number
  /** 202s that a client saw. */
  readonly accepted: number
  /** Requests that were never answered 202 until they were sent again after all the faults. */
  readonly unanswered: number
  readonly reportsChecked: number
  /** Reports of a 202 that are not there. */
  readonly lost: number
  /** Reports or events that nobody sent, or that are there too often. */
  readonly invented: number
  readonly shifts: number
  /** Everything that may not be, in words. */
  readonly problems: readonly string[]
}

/** Starts the program once more on the store, and judges as `judgeOf` does. */
export function judge(store: ChildStore, recorder: Recorder, rounds: number): Promise<RowResult> {
  return withServer(store.environment, (server) => judgeOf(store, server, recorder, rounds))
}

/**
 * Sends again what was not accepted, each once, as a client would; lets everything be derived; and compares what is
 * stored with what was sent and answered.
 */
export async function judgeOf(
  store: ChildStore,
  server: Server,
  recorder: Recorder,
  rounds: number,
): Promise<RowResult> {
  const unanswered = recorder.unanswered().length
  const repeats = await repeatUnanswered(server, store.key, recorder)
  const { context, close } = store.connect()
  try {
    await waitUntilInboxEmpty(context)
    return { ...(await compare(store, context, recorder, repeats)), rounds, unanswered }
  } finally {
    await close()
  }
}

async function compare(
  store: ChildStore,
  context: Context,
  recorder: Recorder,
  repeats: readonly string[],
): Promise<Omit<RowResult, 'rounds' | 'unanswered'>> {
  const check = await zegoCheck(store.environment)
  const verdict = compareLedgers(recorder, await readReports(context.db), await readEvents(context.db))
  return {
    requests: recorder.sent,
    accepted: recorder.contents.reduce((sum, content) => sum + content.acknowledged.length, 0),
    reportsChecked: verdict.reportsChecked,
    lost: verdict.lost,
    invented: verdict.invented,
    shifts: check.shifts,
    problems: [
      ...verdict.problems,
      ...recorder.unexpected.map((answer) => `an answer that may not be: ${answer}`),
      ...repeats,
      ...(check.ok ? [] : [`zego check finds differences: ${JSON.stringify(check.differences)}`]),
    ],
  }
}

async function repeatUnanswered(server: Server, key: string, recorder: Recorder): Promise<string[]> {
  const client = openClient(server.port, 1)
  const problems: string[] = []
  for (const content of recorder.unanswered()) {
    const status = await send(client, key, recorder, content)
    if (status !== 202) problems.push(`a repeated request was answered ${status}`)
  }
  client.close()
  return problems
}
