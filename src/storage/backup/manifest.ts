import { createHash, type Hash } from 'node:crypto'

/** A table of a backup's payload, in the order of the payload: what refers to others comes after them. */
export type BackedUpTable = {
  readonly name: string
  readonly rows: number
  /** Where it is a month of another: which table, and which span (ISO 8601); detached ones stand by themselves. */
  readonly month: {
    readonly of: string
    readonly from: string
    readonly to: string
    readonly isDetached: boolean
  } | null
}

type Common = {
  readonly format: 1
  /** The version of the program that made it. */
  readonly program: string
  /** The names of the migrations that the store had. */
  readonly schema: readonly string[]
  /** The database's clock when the backup began (ISO 8601): whatever was accepted by then is in it. */
  readonly begunAt: string
  readonly payloadBytes: number
}

/**
 * What a backup says of itself. Of the embedded store the payload is rows as JSON objects, one a line, those of
 * each table after a line that is its name as a JSON string, compressed by Zstandard. Of a PostgreSQL server it is what `pg_dump --format=custom` wrote.
 */
export type Manifest =
  | (Common & { readonly engine: 'embedded'; readonly tables: readonly BackedUpTable[] })
  | (Common & { readonly engine: 'server'; readonly pgDump: string })

/*
 * The tail: a skippable frame of Zstandard, so that `zstd -dc FILE` reads the payload of an embedded backup.
 *
 *     4 bytes    the frame's magic number
 *     4 bytes    the length of what follows
 *     n bytes    the manifest as JSON
 *     32 bytes   SHA-256 over everything before it, from the first byte of the file on
 *     4 bytes    n
 *     8 bytes    "ZEGOBKUP"
 */
const FRAME_MAGIC = 0x184d2a5a
const MARK = Buffer.from('ZEGOBKUP', 'latin1')
const HEAD_BYTES = 8
const DIGEST_BYTES = 32
/** Digest, length and mark: what the file ends with. */
export const END_BYTES = DIGEST_BYTES + 4 + MARK.length
/** A manifest has some hundred bytes for each table; there are a few for each month. */
const MAX_MANIFEST_BYTES = 16 * 1024 * 1024

/** The tail for a payload whose digest so far is given; the digest is used up. */
export function encodeTail(manifest: Manifest, digest: Hash): Buffer {
  const json = Buffer.from(JSON.stringify(manifest))
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32LE(FRAME_MAGIC, 0)
  head.writeUInt32LE(json.length + END_BYTES, 4)
  const sum = digest.update(head).update(json).digest()
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([head, json, sum, length, MARK])
}

/** How many bytes the tail has, by the last bytes of a file; null: they are not the end of a backup. */
export function tailBytes(end: Buffer): number | null {
  if (end.length !== END_BYTES || !end.subarray(-MARK.length).equals(MARK)) return null
  const length = end.readUInt32LE(DIGEST_BYTES)
  return length > MAX_MANIFEST_BYTES ? null : HEAD_BYTES + length + END_BYTES
}

/** Reads a tail, with the digest of the payload; null: something in the file is not as it was written. */
export function decodeTail(tail: Buffer, payloadDigest: Hash): Manifest | null {
  // A length that is not the one written would leave the digest right, and only move where the payload ends.
  if (tail.readUInt32LE(0) !== FRAME_MAGIC || tail.readUInt32LE(4) !== tail.length - HEAD_BYTES) return null
  const upToDigest = tail.subarray(0, -END_BYTES)
  const sum = payloadDigest.update(upToDigest).digest()
  if (!sum.equals(tail.subarray(-END_BYTES, -END_BYTES + DIGEST_BYTES))) return null
  return JSON.parse(upToDigest.toString('utf8', HEAD_BYTES)) as Manifest
}

export function newDigest(): Hash {
  return createHash('sha256')
}
