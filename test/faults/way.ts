import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contextOn, type Store } from '../support/stores.ts'
import { answerCounter } from './answers.ts'
import { openProxy, placeOf, type Proxy, throughPort } from './proxy.ts'

/** A way to a store on which connections end: after so many statements, before or after the answer to the last. */
export type Way = {
  connect(statement: number, isAnswered: boolean): ReturnType<typeof contextOn>
  close(): Promise<void>
}

export async function openWay(store: Store): Promise<Way> {
  const directory = mkdtempSync(join(tmpdir(), 'zego-way-'))
  const { target } = store
  const name = '.s.PGSQL.5432'
  const proxy: Proxy =
    'url' in target
      ? await openProxy(0, placeOf(target.url))
      : await openProxy(join(directory, name), { path: join(target.embeddedHost, name) })
  return {
    connect(statement, isAnswered) {
      const answered = answerCounter()
      // The start of the connection is answered before its first statement.
      proxy.setJudge((bytes) => (answered(bytes) <= statement ? null : isAnswered ? bytes.length : 0))
      return contextOn('url' in target ? { url: throughPort(target.url, proxy.port) } : { embeddedHost: directory })
    },
    async close() {
      await proxy.close()
      rmSync(directory, { recursive: true })
    },
  }
}
