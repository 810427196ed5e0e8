import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type RawAnswer, wholeAnswer } from './api.ts'

/** A connection that is written to bit by bit, and all that comes of it. */
export class GreedyClient {
  readonly socket: Socket
  isClosed = false
  #received: Buffer = Buffer.alloc(0)

  /** `isRude`: does not hang up when the server does. */
  constructor(port: number, { isRude = false }: { isRude?: boolean } = {}) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: isRude })
    this.socket.on('data', (data) => (this.#received = Buffer.concat([this.#received, data as Buffer])))
    this.socket.on('error', () => {})
    this.socket.on('close', () => (this.isClosed = true))
  }

  get text(): string {
    return this.#received.toString('latin1')
  }

  /** The first answer; null while it is not whole. */
  answer(): RawAnswer | null {
    return wholeAnswer(this.#received, false)
  }

  /** Waits while the server does not read. */
  async write(bytes: string | Buffer): Promise<void> {
    if (this.socket.write(bytes) || this.isClosed) return
    await new Promise<void>((resolve) => {
      const over = (): void => {
        this.socket.off('drain', over).off('close', over)
        resolve()
      }
      this.socket.on('drain', over).on('close', over)
    })
  }

  /** Sends one piece after the other, each when the one before was taken, until it is cut off. */
  async drip(piece: () => string): Promise<void> {
    while (!this.isClosed) {
      await this.write(piece())
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

const MIB = 1024 * 1024
/** A chunk of one MiB of spaces. */
export const CHUNK = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(MIB, 0x20), Buffer.from('\r\n')])

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** The bytes in buffers of this process that are still in use. */
export function heldBytes(): number {
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

/** Sends chunks until it is cut off; answers how many it sent, and by how many bytes this process's buffers grew. */
export async function sendForEver(
  client: GreedyClient,
  meanwhile: () => Promise<void>,
): Promise<{ mebibytes: number; grown: number }> {
  const before = heldBytes()
  let [mebibytes, grown] = [0, 0]
  while (!client.isClosed) {
    await client.write(CHUNK)
    if (++mebibytes % 16 > 0) continue
    await meanwhile()
    grown = Math.max(grown, heldBytes() - before)
  }
  return { mebibytes, grown }
}
