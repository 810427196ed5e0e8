import { connect, type Socket } from 'node:net'
import { type RawAnswer, wholeAnswer } from './api.ts'

/** A connection that is kept between requests as long as the server keeps it, and sends bytes as they are. */
export class RawConnection {
  readonly #port: number
  #socket: Socket | null = null
  connections = 0

  constructor(port: number) {
    this.#port = port
  }

  /** One request, one answer. Rejects when the connection ends without a whole answer. */
  async ask(bytes: Buffer, { isHead = false }: { isHead?: boolean } = {}): Promise<RawAnswer> {
    const isKept = this.#socket !== null
    try {
      return await this.#exchange(bytes, isHead)
    } catch (error) {
      // A server may close a kept connection just as it is used again.
      if (!isKept || !(error instanceof Unanswered)) throw error
      return this.#exchange(bytes, isHead)
    }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }

  #exchange(bytes: Buffer, isHead: boolean): Promise<RawAnswer> {
    const socket = (this.#socket ??= this.#open())
    return new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0)
      const over = (): void => {
        socket.removeAllListeners('data').removeAllListeners('close')
      }
      socket.on('data', (data) => {
        received = Buffer.concat([received, data as Buffer])
        const answer = wholeAnswer(received, isHead)
        if (answer === null) return
        over()
        if (answer.headers.get('connection') === 'close') this.close()
        resolve(answer)
      })
      socket.on('close', () => {
        over()
        this.close()
        const text = received.toString('latin1')
        reject(received.length === 0 ? new Unanswered('the connection closed') : new Error(`it closed after: ${text}`))
      })
      socket.write(bytes)
    })
  }

  #open(): Socket {
    this.connections++
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    // What matters of an error is that the connection closes.
    socket.on('error', () => {})
    return socket
  }
}

class Unanswered extends Error {
  override name = 'Unanswered'
}
