import { argon2, type Argon2Parameters, timingSafeEqual } from 'node:crypto'
import { unavailable } from './time-limit.ts'

export const MIN_PASSWORD_CHARACTERS = 10
export const MAX_PASSWORD_CHARACTERS = 128

/** What OWASP's Password Storage Cheat Sheet asks of argon2id at the least. */
const MEMORY_KIB = 19_456
const PASSES = 2
const PARALLELISM = 1
const TAG_BYTES = 32
const SALT_BYTES = 16

/** A hash takes a core and 19 MiB for some ten milliseconds: a flood of logins must not take all. */
const MAX_HASHES_WAITING = 100

export type PasswordHasher = {
  /** Throws a `Refusal` when too many wait for theirs. */
  assertRoom(): void
  /** A PHC string, `$argon2id$v=19$m=...`. */
  hash(password: string): Promise<string>
  verify(stored: { hash: string; password: string }): Promise<boolean>
}

export function passwordHasher(randomBytes: (count: number) => Buffer, hashesAtOnce: number): PasswordHasher {
  const { limit, isFull } = limiter(hashesAtOnce, MAX_HASHES_WAITING)
  return {
    assertRoom() {
      if (isFull()) throw tooMany()
    },
    async hash(password) {
      const nonce = randomBytes(SALT_BYTES)
      const tag = await limit(() => compute(parameters(password, nonce, MEMORY_KIB, PASSES, PARALLELISM)))
      return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${PARALLELISM}$${base64(nonce)}$${base64(tag)}`
    },
    async verify({ hash, password }) {
      const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(hash)
      if (parts === null) return false
      const [, memory, passes, parallelism, salt = '', tag = ''] = parts
      const nonce = Buffer.from(salt, 'base64')
      const expected = Buffer.from(tag, 'base64')
      const given = await limit(() =>
        compute(parameters(password, nonce, Number(memory), Number(passes), Number(parallelism))),
      )
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}

/** The password in NFKC: the same characters typed on another keyboard are the same password. */
function parameters(
  password: string,
  nonce: Buffer,
  memory: number,
  passes: number,
  parallelism: number,
): Argon2Parameters {
  return { message: password.normalize('NFKC'), nonce, memory, passes, parallelism, tagLength: TAG_BYTES }
}

function compute(parameters: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, tag) => (error === null ? resolve(tag) : reject(error)))
  })
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function tooMany(): Error {
  return unavailable('too many people log in at once')
}

type Limiter = { limit<T>(work: () => Promise<T>): Promise<T>; isFull(): boolean }

/** Runs at most `atOnce` at a time; more than `waiting` in the queue are refused. */
function limiter(atOnce: number, waiting: number): Limiter {
  let running = 0
  const queue: (() => void)[] = []
  const isFull = (): boolean => queue.length >= waiting
  return {
    isFull,
    async limit(work) {
      if (running >= atOnce) {
        if (isFull()) throw tooMany()
        await new Promise<void>((resolve) => queue.push(resolve))
      } else running++
      try {
        return await work()
      } finally {
        const next = queue.shift()
        if (next === undefined) running--
        else next()
      }
    },
  }
}
