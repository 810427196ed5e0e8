import { randomBytes } from 'node:crypto'
import pg from 'pg'

type Node = { readonly host: string; readonly port: number; readonly isCoordinator: boolean }

/** An empty database on every node of a Citus cluster, each knowing the others. `url`: one on its coordinator. */
export async function createCitusDatabase(url: string): Promise<{ url: string; drop(): Promise<void> }> {
  const nodes = await nodesOf(url)
  const coordinator = nodes.find((node) => node.isCoordinator)
  if (coordinator === undefined) throw new Error('the Citus coordinator of CITUS_URL does not know its own address')
  const workers = nodes.filter((node) => !node.isCoordinator)
  const name = `zego_test_${randomBytes(6).toString('hex')}`
  const urlOn = ({ host, port }: Node, path = `/${name}`): string => {
    const its = new URL(url)
    Object.assign(its, { hostname: host, port: String(port), pathname: path })
    return its.href
  }
  const { pathname } = new URL(url)
  await Promise.all(
    nodes.map(async (node) => {
      await run(urlOn(node, pathname), [`create database ${name}`])
      await run(urlOn(node), ['create extension citus'])
    }),
  )
  const introduce = (): Promise<unknown> =>
    run(urlOn(coordinator), [
      `select citus_set_coordinator_host('${coordinator.host}', ${coordinator.port})`,
      ...workers.map(({ host, port }) => `select citus_add_node('${host}', ${port})`),
    ])
  // Of some hundred databases made at once, a worker drops the connection of one; it may be told again.
  await introduce().catch((error: Error) => {
    if (!error.message.includes('connection marked as essential')) throw error
    return introduce()
  })
  return {
    url: urlOn(coordinator),
    // The coordinator's first: it looks after the others in the background.
    async drop() {
      for (const node of [coordinator, ...workers]) {
        await run(urlOn(node, pathname), [`drop database if exists ${name} with (force)`])
      }
    },
  }
}

async function nodesOf(url: string): Promise<Node[]> {
  const [nodes] = await run(url, [
    'select nodename as host, nodeport as port, groupid = 0 as "isCoordinator" from pg_dist_node order by groupid',
  ])
  return nodes!.rows
}

async function run(url: string, statements: readonly string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const answers: pg.QueryResult[] = []
    for (const statement of statements) answers.push(await client.query(statement))
    return answers
  } finally {
    await client.end()
  }
}
