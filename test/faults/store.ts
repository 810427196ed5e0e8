import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { createKey } from '../../src/app/api-keys.ts'
import type { Context } from '../../src/app/context.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { createWorkProvider } from '../../src/app/work-providers.ts'
import { MICROSECONDS_PER_MINUTE, plus } from '../../src/domain/instant.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { contextOn, type Engine, openStore, TEST_DATABASE_URL } from '../support/stores.ts'
import type { Environment } from './harness.ts'

/** A store for programs in processes of their own: no engine of it runs in this one. */
export type ChildStore = {
  readonly engine: Engine
  readonly environment: Environment
  /** Of the work provider "Courier Ltd". */
  readonly key: string
  readonly workProviderId: string
  /** Opens the store from here; the embedded one through the socket of the server that runs. */
  connect(): { context: Context; close(): Promise<void> }
  remove(): Promise<void>
}

/** User ids `u0`, `u1` ... up to this many belong to customers: their reports become shifts. */
export const BOUND_USER_IDS = 5

/** A migrated store with a work provider, a key, and some linked customers; `prepare` adds to it. */
export async function openChildStore(
  engine: Engine,
  prepare: (context: Context) => Promise<unknown> = async () => {},
  serverUrl = TEST_DATABASE_URL,
): Promise<ChildStore> {
  const store = await openStore(engine, serverUrl)
  const { id: workProviderId } = await createWorkProvider(store.context, 'Courier Ltd')
  const { key } = await createKey(store.context, 'Courier Ltd')
  await linkCustomers(store.context)
  await prepare(store.context)
  if (engine !== 'embedded') {
    const url = store.environment['DATABASE_URL']!
    const connect = (): ReturnType<typeof contextOn> => contextOn({ url })
    return { engine, environment: store.environment, key, workProviderId, connect, remove: () => store.close() }
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'zego-faults-'))
  await sql`checkpoint`.execute(store.context.db)
  // Nothing writes now: what is copied is what a kill at this moment would leave.
  cpSync(join(store.environment['DATA_DIR']!, 'postgres'), join(dataDir, 'postgres'), { recursive: true })
  await store.close()
  return {
    engine,
    environment: { DATA_DIR: dataDir },
    key,
    workProviderId,
    connect: () => contextOn({ embeddedHost: dataDir }),
    remove: async () => rmSync(dataDir, { recursive: true, force: true }),
  }
}

export async function linkCustomers(context: Context): Promise<void> {
  for (let index = 0; index < BOUND_USER_IDS; index++) {
    const { customerNumber } = await createCustomer(context, { email: `c${index}@example.com` })
    const consentedAt = plus(context.now(), -MICROSECONDS_PER_MINUTE)
    await createLink(context, {
      workProvider: 'Courier Ltd',
      customerNumber,
      workProviderUserId: `u${index}`,
      consentedAt,
    })
  }
}

/** Opens a pool only, for statements of a test. */
export function connectTo(url: string): ReturnType<typeof openDatabase> {
  return openDatabase({ url }, () => {})
}
