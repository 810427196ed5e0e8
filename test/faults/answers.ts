/** The type of the message by which a PostgreSQL server says that a statement is over (ReadyForQuery). */
const READY = 0x5a
const HEADER_BYTES = 5

/** Counts the statements that a connection was answered in full, from the bytes of the server; its start counts as one. */
export function answerCounter(): (bytes: Buffer) => number {
  let rest = Buffer.alloc(0)
  let count = 0
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    while (rest.length >= HEADER_BYTES) {
      const end = 1 + rest.readInt32BE(1)
      if (rest.length < end) break
      if (rest[0] === READY) count += 1
      rest = rest.subarray(end)
    }
    return count
  }
}
