import { fromTemporal } from '../../src/domain/instant.ts'
import { openClient } from './client.ts'
import { withServer } from './harness.ts'
import { newRecorder, randomSize, send } from './load.ts'
import { openProxy } from './proxy.ts'
import { type Random, seededRandom } from '../../src/domain/random.ts'
import type { Row, RowOptions } from './row.ts'
import { openChildStore } from './store.ts'
import { judgeOf, type RowResult } from './verdict.ts'

/*
 * D3: the answer is cut off on its way, before its first byte or somewhere in its head. The reports are on disk, the
 * client cannot know it, and says them again.
 */

/** Shorter than the head of any answer: a client that is cut off here has seen no status. */
const MAX_BYTES_SEEN = 12

export const answerLost: Row = {
  id: 'D3',
  guarantee: 'an answer lost after the commit, and the request repeated: 202, and each report is one event',
  engines: ['embedded', 'server'],
  skip: () => false,
  run: loseAnswers,
}

async function loseAnswers({ engine, rounds, seed, log }: RowOptions): Promise<RowResult> {
  const random = seededRandom(seed)
  const recorder = newRecorder(random, fromTemporal(Temporal.Now.instant()))
  const store = await openChildStore(engine)
  try {
    return await withServer(store.environment, async (server) => {
      const proxy = await openProxy(0, { host: '127.0.0.1', port: server.port })
      const [cut, whole] = [openClient(proxy.port, 1), openClient(server.port, 1)]
      const problems: string[] = []
      for (let round = 1; round <= rounds; round++) {
        const content = recorder.make(randomSize(random))
        proxy.setJudge(cutAt(random))
        const lost = await send(cut, store.key, recorder, content)
        if (lost !== null) problems.push(`an answer that was cut off was taken for ${lost}`)
        if (random.chance(0.3)) await send(cut, store.key, recorder, content)
        const status = await send(whole, store.key, recorder, content)
        if (status !== 202) problems.push(`a repeated request was answered ${status}`)
      }
      for (const client of [cut, whole]) client.close()
      await proxy.close()
      log(`${recorder.sent} requests sent`)
      const result = await judgeOf(store, server, recorder, rounds)
      // Each request came to its answer, so each was stored, and each report is one event all the same.
      const told = recorder.contents.reduce((sum, content) => sum + content.sends * content.items.length, 0)
      if (result.reportsChecked !== told) problems.push(`${told} reports were sent, ${result.reportsChecked} stored`)
      return { ...result, problems: [...problems, ...result.problems] }
    })
  } finally {
    await store.remove()
  }
}

function cutAt(random: Random): () => number {
  return () => random.between(0, MAX_BYTES_SEEN)
}
