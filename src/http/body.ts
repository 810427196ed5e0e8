import type { IncomingMessage } from 'node:http'
import { Refusal } from '../domain/errors.ts'

/** Reads a body of at most `maxBytes` to its end. Nothing is kept of one that is too large. */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // One that left while its key was looked up: nothing comes of it any more, no end either.
    if (incoming.destroyed) return reject(endedTooEarly())
    if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) return reject(tooLarge(maxBytes))
    const encoding = incoming.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      return reject(new Refusal('INVALID_DATA', 'the body is compressed: send it as it is'))
    }
    let chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) return void chunks.push(chunk)
      chunks = []
      reject(tooLarge(maxBytes))
    })
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    incoming.on('close', () => {
      if (!incoming.readableEnded) reject(endedTooEarly())
    })
  })
}

function endedTooEarly(): Refusal {
  return new Refusal('INVALID_DATA', 'the body ended too early')
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal('TOO_LARGE', `the body is larger than ${maxBytes} bytes`)
}
