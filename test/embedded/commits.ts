import { sql } from 'kysely'
import { sliceOf } from '../../src/domain/identity.ts'
import { fromTemporal, plus } from '../../src/domain/instant.ts'
import { openEmbedded } from '../../src/storage/embedded/embedded.ts'
import { appendToInbox } from '../../src/storage/inbox.ts'
import { contextOn } from '../support/stores.ts'

/*
 * A program of its own, to be looked at by strace: opens the store in DATA_DIR and accepts reports, a commit each, with
 * `segments` as its second argument each in a segment of the log of its own.
 */

const commits = Number(process.argv[2])
const hasSegments = process.argv[3] === 'segments'
const embedded = await openEmbedded({
  dataDir: process.env['DATA_DIR']!,
  mayShare: false,
  onFirstStart: () => {},
  onBroken: (reason) => {
    throw new Error(reason)
  },
})
const { context, close } = contextOn({ embeddedHost: embedded.host })
const workProviderId = context.newId()
const start = fromTemporal(Temporal.Now.instant())
for (let index = 0; index < commits; index++) {
  const identity = { workProviderId, kind: 'user_id', text: `u${index}` } as const
  await appendToInbox(context.db, {
    slice: [sliceOf(identity)],
    workProviderId: [workProviderId],
    requestId: [context.newId()],
    item: [0],
    identityKind: [identity.kind],
    identity: [identity.text],
    kind: ['login'],
    at: [plus(start, index)],
  })
  if (hasSegments) await sql`select pg_switch_wal()`.execute(context.db)
}
await close()
await embedded.close()
