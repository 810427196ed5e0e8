import type { AddressInfo } from 'node:net'
import express from 'express'
import pg from 'pg'
import { connection } from './connection.ts'

/* What one would write in an afternoon: Express, a pool, one insert a request, answered when it is committed. */
const pool = new pg.Pool(await connection())
await pool.query(`create table if not exists express_event (
  id bigint generated always as identity primary key,
  work_provider text not null, driver text not null, kind text not null, at timestamptz not null
)`)

const app = express()
app.use(express.json())
for (const kind of ['login', 'logout']) {
  app.post(`/v1/shift/${kind}`, async (request, response) => {
    const { customerNumber, workProviderUserId, timestamp } = request.body as Record<string, string | undefined>
    const driver = customerNumber ?? workProviderUserId
    if (driver === undefined || timestamp === undefined) {
      response.status(400).json({ error: 'invalid_data' })
      return
    }
    await pool.query('insert into express_event (work_provider, driver, kind, at) values ($1, $2, $3, $4)', [
      request.headers.authorization,
      driver,
      kind,
      timestamp,
    ])
    response.status(202).json({ status: 'PENDING' })
  })
}
const server = app.listen(0, '127.0.0.1', () =>
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`),
)
server.keepAliveTimeout = 75_000
