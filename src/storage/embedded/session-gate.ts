import { createServer, type Socket } from 'node:net'
import type { PGlite } from '@electric-sql/pglite'

/**
 * Many PostgreSQL connections on one backend.
 *
 * The embedded engine has a single session, so what a connection sends is run in whole units (everything up to a
 * Query or a Sync message): were single messages interleaved, one connection's Parse would replace another's unnamed
 * statement. While a unit leaves a transaction open, only its connection is served; one that then stays silent for
 * `IDLE_IN_TRANSACTION_MS` is rolled back and cut off, because it holds up everybody else.
 *
 * A prepared statement is the session's too, so all connections share it: who prepares a text under the name that it
 * has already is told that it is done.
 */
export const IDLE_IN_TRANSACTION_MS = 2_000

const MAX_MESSAGE_BYTES = 256 * 1024 * 1024
const STARTUP_VERSION_3_0 = 196_608
const SSL_REQUEST = 80_877_103
const GSS_ENCRYPTION_REQUEST = 80_877_104
const CANCEL_REQUEST = 80_877_102
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5])
const PARSE_COMPLETE = Buffer.from([0x31, 0, 0, 0, 4])
const ROLLBACK = queryMessage('rollback')

export type SessionGate = { close(): Promise<void> }

/** `bytes` null: the client said goodbye. */
type Unit = { connection: Connection; bytes: Buffer | null }

/**
 * Serves `engine` on the Unix socket at `path`. `fatal` is told when the engine itself breaks: nothing it says
 * afterwards can be trusted, so the process has to end.
 */
export async function openSessionGate(
  engine: PGlite,
  path: string,
  fatal: (error: unknown) => void,
): Promise<SessionGate> {
  const gate = new Gate(engine, fatal)
  const server = createServer((socket) => gate.admit(socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await gate.drain()
      await closed
    },
  }
}

class Gate {
  readonly #engine: PGlite
  readonly #fatal: (error: unknown) => void
  readonly #connections = new Set<Connection>()
  readonly #waiting: Unit[] = []
  /** The Parse messages of the named statements that the session has, by name. */
  readonly #prepared = new Map<string, Buffer>()
  #running = false
  #closing = false
  #isBroken = false
  /** The connection whose transaction is open. */
  #holder: Connection | null = null
  #holderTimer: NodeJS.Timeout | undefined

  constructor(engine: PGlite, fatal: (error: unknown) => void) {
    this.#engine = engine
    this.#fatal = fatal
  }

  admit(socket: Socket): void {
    if (this.#closing) return void socket.destroy()
    const connection = new Connection(socket, (bytes) => this.#enqueue({ connection, bytes }))
    this.#connections.add(connection)
    socket.on('close', () => void this.#leave(connection))
  }

  async drain(): Promise<void> {
    this.#closing = true
    for (const connection of this.#connections) connection.socket.destroy()
    await this.#rollBackHolder()
  }

  #enqueue(unit: Unit): void {
    this.#waiting.push(unit)
    if (!this.#running) void this.#run()
  }

  #next(): Unit | undefined {
    if (this.#holder === null) return this.#waiting.shift()
    const mine = this.#waiting.findIndex((unit) => unit.connection === this.#holder)
    return mine === -1 ? undefined : this.#waiting.splice(mine, 1)[0]
  }

  async #run(): Promise<void> {
    this.#running = true
    for (let unit = this.#next(); unit !== undefined; unit = this.#next()) {
      if (unit.connection.socket.destroyed) continue
      if (unit.bytes === null) {
        unit.connection.socket.end()
        continue
      }
      clearTimeout(this.#holderTimer)
      const answer = await this.#executeUnit(unit.bytes)
      if (answer === null) return
      unit.connection.socket.write(answer)
      await this.#note(unit.connection, answer)
    }
    this.#running = false
  }

  /** Executes a unit; where it begins by preparing what is prepared already, the rest of it. */
  async #executeUnit(bytes: Buffer): Promise<Buffer | null> {
    const parse = namedParse(bytes)
    if (parse === null) return this.#execute(bytes)
    const { name, message } = parse
    if (this.#prepared.get(name)?.equals(message) === true) {
      const answer = await this.#execute(bytes.subarray(message.length))
      return answer === null ? null : Buffer.concat([PARSE_COMPLETE, answer])
    }
    const answer = await this.#execute(bytes)
    if (answer?.subarray(0, PARSE_COMPLETE.length).equals(PARSE_COMPLETE) === true) {
      this.#prepared.set(name, Buffer.from(message))
    }
    return answer
  }

  async #execute(bytes: Buffer): Promise<Buffer | null> {
    // What stopped is not asked again: it might never answer.
    if (this.#isBroken) return null
    const chunks: Buffer[] = []
    try {
      // The engine hands out views of its memory: each is copied before it runs on.
      await this.#engine.execProtocolRawStream(bytes, { onRawData: (data) => void chunks.push(Buffer.from(data)) })
    } catch (error) {
      return this.#break(error)
    }
    const answer = Buffer.concat(chunks)
    // A PANIC (a full disk, a sync that failed) is answered like any error, but the engine is not ready ever again.
    return isReady(answer) ? answer : this.#break(new Error(`the engine stopped: ${readable(answer)}`))
  }

  #break(error: unknown): null {
    this.#isBroken = true
    this.#fatal(error)
    return null
  }

  /** Reads the transaction state from the last byte of the answer: `I` (idle), `T` or `E`. */
  async #note(connection: Connection, answer: Buffer): Promise<void> {
    const inTransaction = answer[answer.length - 1] !== 0x49
    this.#holder = inTransaction ? connection : null
    if (!inTransaction) return
    if (connection.socket.destroyed) return this.#rollBackHolder()
    this.#holderTimer = setTimeout(() => connection.socket.destroy(), IDLE_IN_TRANSACTION_MS)
  }

  async #leave(connection: Connection): Promise<void> {
    this.#connections.delete(connection)
    if (this.#holder !== connection || this.#running) return
    this.#running = true
    await this.#rollBackHolder()
    await this.#run()
  }

  async #rollBackHolder(): Promise<void> {
    if (this.#holder === null) return
    clearTimeout(this.#holderTimer)
    await this.#execute(ROLLBACK)
    this.#holder = null
  }
}

/** One client's bytes, cut into units. */
class Connection {
  readonly socket: Socket
  readonly #onUnit: (bytes: Buffer | null) => void
  #pending: Buffer[] = []
  #pendingBytes = 0
  #started = false
  /** Where in the pending bytes the next message begins. */
  #offset = 0

  constructor(socket: Socket, onUnit: (bytes: Buffer | null) => void) {
    this.socket = socket
    this.#onUnit = onUnit
    socket.setNoDelay(true)
    socket.on('data', (data: Buffer) => this.#take(data))
    socket.on('error', () => socket.destroy())
  }

  #take(data: Buffer): void {
    this.#pending.push(data)
    this.#pendingBytes += data.length
    while (this.#started ? this.#takeUnit() : this.#takeStartup()) continue
  }

  #bytes(): Buffer {
    const joined = this.#pending.length === 1 ? this.#pending[0]! : Buffer.concat(this.#pending)
    this.#pending = [joined]
    return joined
  }

  #cut(length: number): Buffer {
    const all = this.#bytes()
    const rest = all.subarray(length)
    this.#pending = rest.length > 0 ? [rest] : []
    this.#pendingBytes = rest.length
    this.#offset = 0
    return all.subarray(0, length)
  }

  #takeStartup(): boolean {
    if (this.#pendingBytes < 8) return false
    const bytes = this.#bytes()
    const length = bytes.readInt32BE(0)
    const code = bytes.readInt32BE(4)
    if (length < 8 || length > 10_000) return this.#refuse()
    if (this.#pendingBytes < length) return false
    const message = this.#cut(length)
    if (code === SSL_REQUEST || code === GSS_ENCRYPTION_REQUEST) {
      this.socket.write('N')
    } else if (code === STARTUP_VERSION_3_0) {
      this.#started = true
      this.#onUnit(message)
    } else if (code === CANCEL_REQUEST) {
      this.socket.end()
    } else {
      return this.#refuse()
    }
    return true
  }

  #takeUnit(): boolean {
    while (this.#pendingBytes >= this.#offset + 5) {
      const bytes = this.#bytes()
      const type = bytes[this.#offset]
      const end = this.#offset + 1 + bytes.readInt32BE(this.#offset + 1)
      if (end < this.#offset + 5 || end > MAX_MESSAGE_BYTES) return this.#refuse()
      if (this.#pendingBytes < end) return false
      if (type === 0x58 /* Terminate */) {
        this.#onUnit(null)
        return false
      }
      this.#offset = end
      if (type === 0x51 /* Query */ || type === 0x53 /* Sync */) {
        this.#onUnit(this.#cut(end))
        return true
      }
    }
    return false
  }

  #refuse(): false {
    this.#pending = []
    this.#pendingBytes = 0
    this.socket.destroy()
    return false
  }
}

/** The Parse message that a unit begins with, if it names its statement. */
function namedParse(bytes: Buffer): { name: string; message: Buffer } | null {
  if (bytes[0] !== 0x50 /* Parse */ || bytes[5] === 0) return null
  const message = bytes.subarray(0, 1 + bytes.readInt32BE(1))
  return { name: message.toString('utf8', 5, message.indexOf(0, 5)), message }
}

/** Whether an answer ends with ReadyForQuery: `Z`, a length of 5, and the transaction state. */
function isReady(answer: Buffer): boolean {
  return answer.length >= 6 && answer.subarray(-6, -1).equals(READY_FOR_QUERY)
}

function readable(answer: Buffer): string {
  return answer
    .toString('latin1')
    .replace(/[^ -~]+/g, ' ')
    .trim()
}

function queryMessage(text: string): Buffer {
  const body = Buffer.from(`${text}\0`)
  const message = Buffer.alloc(5 + body.length)
  message.write('Q')
  message.writeInt32BE(4 + body.length, 1)
  body.copy(message, 5)
  return message
}
