import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/* The limit of HTTP: reads the body, parses its JSON, stores nothing, and answers as many bytes as the API does. */
const STATUS_ANSWER = JSON.stringify({
  status: 'ENABLED',
  policyId: 'C1000000',
  customer_number: 'C1000000',
  cover_class_of_use: 'Carriage of Goods for Hire & Reward',
  cover_level: 'Third Party (TPO)',
  vehicle_registration: 'VY7 JC3',
})

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
    response.writeHead(202, { 'Content-Type': 'application/json', 'Content-Length': 20 })
    response.end('{"status":"PENDING"}')
  })
})
// A connection that waits for its turn is not closed meanwhile.
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () =>
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`),
)
