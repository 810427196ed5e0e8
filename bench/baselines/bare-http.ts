import { createServer } from 'node:http'
import { ACCEPTED_ANSWER, listen, STATUS_ANSWER } from './listening.ts'

/* The limit of HTTP: reads the body, parses its JSON, stores nothing, and answers as many bytes as the API does. */

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': STATUS_ANSWER.length })
    response.end(STATUS_ANSWER)
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'))
    response.writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': ACCEPTED_ANSWER.length })
    response.end(ACCEPTED_ANSWER)
  })
})
listen(server)
