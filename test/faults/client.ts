import { Agent, type IncomingHttpHeaders, request } from 'node:http'

/** A small HTTP client that says exactly what it saw: an answer counts from its headers on, whatever comes after. */
export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }

export type Client = {
  post(path: string, body: string, key: string): Promise<Answer>
  close(): void
}

/** Keeps up to `connections` connections to one server open. */
export function openClient(port: number, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return {
    post: (path, body, key) =>
      exchange(`http://127.0.0.1:${port}${path}`, agent, 'POST', { Authorization: key }, Buffer.from(body)),
    close: () => agent.destroy(),
  }
}

export function httpGet(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return exchange(url, false, 'GET', headers)
}

export function httpPost(url: string, key: string, body: string): Promise<Answer> {
  return exchange(url, false, 'POST', { Authorization: key }, Buffer.from(body))
}

function exchange(
  url: string,
  agent: Agent | false,
  method: string,
  headers: Record<string, string>,
  body?: Buffer,
): Promise<Answer> {
  const length = body === undefined ? {} : { 'Content-Length': String(body.length) }
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, headers: { ...headers, ...length } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => {})
      response.on('close', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
