import { open } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { ACCEPTED_ANSWER, listen } from './listening.ts'
import { shared } from './shared.ts'

/*
 * The limit of the disk: the bare server, which answers a report when its bytes are in a file and the file is synced; all
 * that wait share a sync. No database. The file is as long as a segment of PostgreSQL's log, and written over, as those are.
 */
const FILE_BYTES = 16 * 1024 * 1024

const file = await open(join(process.env['DATA_DIR']!, 'least-durable'), 'w')
await file.write(Buffer.alloc(FILE_BYTES))
await file.sync()

type Waiting = { readonly response: ServerResponse; readonly body: Buffer }

let position = 0

const write = shared<Waiting>(async (waiting) => {
  const bytes = Buffer.concat(waiting.map(({ body }) => body))
  if (position + bytes.length > FILE_BYTES) position = 0
  await file.write(bytes, 0, bytes.length, position)
  position += bytes.length
  await file.datasync()
  for (const { response } of waiting) {
    response
      .writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': ACCEPTED_ANSWER.length })
      .end(ACCEPTED_ANSWER)
  }
})

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    JSON.parse(body.toString('utf8'))
    write({ response, body })
  })
})
listen(server)
