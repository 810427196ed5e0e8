import pg, { type Client, type ClientConfig } from 'pg'
import { PLANNER_SETTINGS } from '../../src/storage/planner-settings.ts'
import { openEmbedded } from '../../src/storage/embedded/embedded.ts'

let isStopping = false

/** How a baseline reaches the engine that the program has too: a server, or the embedded one in a thread of its own. */
export async function connection(): Promise<ClientConfig> {
  const url = process.env['DATABASE_URL']
  if (url !== undefined) return { connectionString: url }
  const { host, close } = await openEmbedded({
    dataDir: process.env['DATA_DIR']!,
    mayShare: false,
    onFirstStart: () => {},
    onBroken: (reason) => {
      throw new Error(reason)
    },
  })
  // Whoever starts next on the store has nothing to recover.
  process.once('SIGTERM', () => {
    isStopping = true
    void close().finally(() => process.exit())
  })
  return { host, user: 'postgres', database: 'postgres' }
}

/** A connection whose statements are planned as the program's are; `to`: where one is that was found before. */
export async function connectAsProgram(to?: ClientConfig): Promise<Client> {
  const client = new pg.Client(to ?? (await connection()))
  client.on('error', (error) => {
    if (!isStopping) throw error
  })
  await client.connect()
  for (const setting of PLANNER_SETTINGS) await client.query(`set ${setting}`)
  return client
}
