import { createServer } from 'node:http'
import { connectAsProgram } from './connection.ts'
import { listen } from './listening.ts'

/*
 * The limit of a start: a bare server that listens once the engine which the program has answers it, and asks it at each
 * request. It loads PostgreSQL's driver and nothing else; it looks at no schema, key or path.
 */

const client = await connectAsProgram()

const server = createServer((_, response) => {
  void client.query('select 1').then(() => response.writeHead(200, { 'Content-Length': 0 }).end())
})
listen(server)
