import type { IncomingMessage } from 'node:http'
import { Refusal } from '../domain/errors.ts'

export const MAX_BODY_BYTES = 4 * 1024 * 1024

/** Reads a body to its end. One that is too large is not read on: nothing of it is kept. */
export function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLarge = new Refusal('TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`)
    if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return reject(tooLarge)
    const encoding = incoming.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') {
      return reject(new Refusal('INVALID_DATA', 'the body is compressed: send it as it is'))
    }
    const chunks: Buffer[] = []
    let length = 0
    const settle = (act: () => void): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken)
      act()
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length > MAX_BODY_BYTES) return settle(() => reject(tooLarge))
      chunks.push(chunk)
    }
    const onEnd = (): void => settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    const onBroken = (): void => settle(() => reject(new Refusal('INVALID_DATA', 'the body ended too early')))
    incoming.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
  })
}
