import type { IncomingMessage } from 'node:http'
import { Refusal } from '../domain/errors.ts'

export const MAX_BODY_BYTES = 4 * 1024 * 1024

/** Reads a body to its end. Nothing is kept of one that is too large. */
export function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return reject(tooLarge())
    const encoding = incoming.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      return reject(new Refusal('INVALID_DATA', 'the body is compressed: send it as it is'))
    }
    let chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= MAX_BODY_BYTES) return void chunks.push(chunk)
      chunks = []
      reject(tooLarge())
    })
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.on('close', () => {
      if (!incoming.readableEnded) reject(new Refusal('INVALID_DATA', 'the body ended too early'))
    })
  })
}

function tooLarge(): Refusal {
  return new Refusal('TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`)
}
