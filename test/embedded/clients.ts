import pg from 'pg'
import type { Store } from '../support/stores.ts'

/** Plain clients of an embedded store, beside the program's pool. */
export type Clients = { connect(store: Store): Promise<pg.Client>; endAll(): Promise<void> }

export function plainClients(): Clients {
  let clients: pg.Client[] = []
  return {
    async connect(store) {
      const client = new pg.Client({ host: store.environment['DATA_DIR']!, user: 'postgres', database: 'postgres' })
      client.on('error', () => {})
      await client.connect()
      clients.push(client)
      return client
    },
    async endAll() {
      for (const client of clients) await client.end().catch(() => {})
      clients = []
    },
  }
}
