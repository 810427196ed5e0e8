import type { ClientConfig } from 'pg'
import { openEmbedded } from '../../src/storage/embedded/embedded.ts'

/** How a baseline reaches the engine that the program has too: a server, or the embedded one in a thread of its own. */
export async function connection(): Promise<ClientConfig> {
  const url = process.env['DATABASE_URL']
  if (url !== undefined) return { connectionString: url }
  const { host } = await openEmbedded({
    dataDir: process.env['DATA_DIR']!,
    mayShare: false,
    onFirstStart: () => {},
    onBroken: (reason) => {
      throw new Error(reason)
    },
  })
  return { host, user: 'postgres', database: 'postgres' }
}
