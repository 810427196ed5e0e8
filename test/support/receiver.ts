import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export type Received = { readonly headers: IncomingHttpHeaders; readonly body: string; readonly path: string }
export type ReceiverAnswer = { readonly status: number; readonly body?: string }

/** A work provider's own server, that takes webhooks. */
export type Receiver = {
  readonly url: string
  readonly received: Received[]
  /** What it answers from now on; null: nothing, ever. */
  answers(answer: ((received: Received) => ReceiverAnswer) | null): void
  close(): void
}

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = []
  let answer: ((received: Received) => ReceiverAnswer) | null = () => ({ status: 204 })
  const server = createServer(async (incoming, outgoing) => {
    const one = { headers: incoming.headers, body: await text(incoming), path: incoming.url ?? '' }
    received.push(one)
    if (answer === null) return
    const { status, body } = answer(one)
    outgoing.writeHead(status).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answers: (given) => (answer = given),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
