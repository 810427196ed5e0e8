import { pipeline, promises as stream } from 'node:stream'
import { createZstdCompress, createZstdDecompress } from 'node:zlib'
import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant } from '../domain/instant.ts'
import type { Backup, BackupWriter } from '../storage/backup/backup-file.ts'
import type { BackedUpTable, Manifest } from '../storage/backup/manifest.ts'
import {
  continueNumbers,
  isDatabaseEmpty,
  PAGES_A_PIECE,
  prepareTables,
  readRows,
  storedTables,
  writeRows,
} from '../storage/backup/tables.ts'
import { isCitus } from '../storage/citus.ts'
import type { Database } from '../storage/database.ts'
import { checkpoint } from '../storage/maintenance.ts'
import { appliedMigrations, migrate, migrations } from '../storage/migrate.ts'

export type Progress = { readonly rows: number; /** How far, from 0 to 1. */ readonly share: number }

/** One statement adds at most so many rows, and about so many characters. */
const ROWS_A_PIECE = 2_000
const CHARACTERS_A_PIECE = 4 * 1024 * 1024
/** The log that comes of it has two or three times as much, and is kept until a checkpoint. */
const CHARACTERS_A_CHECKPOINT = 64 * 1024 * 1024
const LINE_FEED = 0x0a

/** The migrations that it lacks would read across tables that are distributed by then. */
const OLDER_ON_CITUS =
  'this is a Citus cluster, and the backup was made by an older zego: restore it into a DATA_DIR with this one, and back that up anew'
const NOT_EMPTY = 'the database is not empty: make a new one, and restore into that'

export type Made = { readonly manifest: Manifest; /** Of the file. */ readonly bytes: number }
/** `leftOut`: tables that no migration makes, so that somebody added them by hand. */
export type Restored = Made & { readonly leftOut: readonly string[] }

type EmbeddedManifest = Extract<Manifest, { engine: 'embedded' }>

/**
 * Writes all rows of a store that nobody changes meanwhile (a copy of an embedded one) as the payload of a backup, and
 * finishes it. Answers what the backup says of itself, and its size in bytes.
 */
export async function writeBackup(
  db: Database,
  writer: BackupWriter,
  made: { readonly program: string; readonly begunAt: Instant },
  onProgress: (progress: Progress) => void,
): Promise<Made> {
  const tables: BackedUpTable[] = []
  await stream.pipeline(
    dump(db, tables, onProgress),
    createZstdCompress(),
    async (compressed: AsyncIterable<Buffer>) => {
      for await (const chunk of compressed) await writer.write(chunk)
    },
  )
  const common = { format: 1, engine: 'embedded', program: made.program, schema: await appliedMigrations(db) } as const
  const begunAt = formatInstant(made.begunAt)
  let manifest: EmbeddedManifest
  const bytes = await writer.finish((payloadBytes) => (manifest = { ...common, begunAt, payloadBytes, tables }))
  return { manifest: manifest!, bytes }
}

/** The payload, uncompressed; what was in each table is added to `told`. */
async function* dump(
  db: Database,
  told: BackedUpTable[],
  onProgress: (progress: Progress) => void,
): AsyncGenerator<string> {
  const stored = await storedTables(db)
  const allPages = stored.reduce((sum, table) => sum + table.pages, 0)
  let [rowsSoFar, pagesSoFar] = [0, 0]
  for (const { name, pages, month } of stored) {
    yield `${JSON.stringify(name)}\n`
    let rows = 0
    for (let page = 0; page < pages; page += PAGES_A_PIECE) {
      const piece = await readRows(db, name, page)
      if (piece.rows > 0) yield `${piece.lines}\n`
      rows += piece.rows
      rowsSoFar += piece.rows
      onProgress({ rows: rowsSoFar, share: (pagesSoFar + Math.min(pages, page + PAGES_A_PIECE)) / allPages })
    }
    pagesSoFar += pages
    told.push({ name, rows, month })
  }
}

/** Throws where a backup has migrations that this program does not know. */
export function assertKnownSchema({ manifest }: Backup): void {
  const known = new Set(migrations().map(({ name }) => name))
  const newer = manifest.schema.find((name) => !known.has(name))
  if (newer === undefined) return
  throw new Impossible(
    `the backup was made by a newer zego, ${manifest.program} (it has ${newer}): restore it with that`,
  )
}

/**
 * Puts the rows of an embedded store's backup into an empty database: brings it to the schema that they had, adds
 * them, and goes on to the schema of this program. Within a transaction it happens whole or not at all; without one a
 * database that it did not come to the end with is to be thrown away. Answers the tables that were left out because no
 * migration makes them: somebody added them by hand.
 */
export async function restoreRows(
  db: Database,
  backup: Backup,
  manifest: EmbeddedManifest,
  onProgress: (progress: Progress) => void,
): Promise<{ leftOut: string[] }> {
  if (!(await isDatabaseEmpty(db))) throw new Impossible(NOT_EMPTY)
  const then = migrations().filter(({ name }) => manifest.schema.includes(name))
  if (then.length < migrations().length && (await isCitus(db))) throw new Impossible(OLDER_ON_CITUS)
  if ((await migrate(db, then)).length < then.length) throw new Impossible(NOT_EMPTY)
  const known = await prepareTables(db, manifest.tables)
  const counted = new Map<string, number>()
  const all = manifest.tables.reduce((sum, table) => sum + table.rows, 0)
  let [rows, sinceCheckpoint] = [0, 0]
  for await (const { table, lines, characters } of pieces(backup)) {
    if (known.has(table)) await writeRows(db, table, lines)
    sinceCheckpoint += characters
    if (!db.isTransaction && sinceCheckpoint > CHARACTERS_A_CHECKPOINT) {
      // Outside a transaction it is the embedded engine, which makes none by itself.
      await checkpoint(db)
      sinceCheckpoint = 0
    }
    counted.set(table, (counted.get(table) ?? 0) + lines.length)
    rows += lines.length
    onProgress({ rows, share: rows / all })
  }
  for (const table of manifest.tables) {
    if ((counted.get(table.name) ?? 0) === table.rows) continue
    throw new Error(`the backup has ${counted.get(table.name) ?? 0} rows of ${table.name}, and says ${table.rows}`)
  }
  await continueNumbers(db)
  await migrate(db)
  return { leftOut: manifest.tables.map(({ name }) => name).filter((name) => !known.has(name)) }
}

/** The rows of a backup, some at a time, all of a piece of one table. */
async function* pieces(backup: Backup): AsyncGenerator<{ table: string; lines: string[]; characters: number }> {
  let table = ''
  let [lines, characters]: [string[], number] = [[], 0]
  // What goes wrong with one of the two ends the other, and is thrown to who reads.
  for await (const line of linesOf(pipeline(backup.payload(), createZstdDecompress(), () => {}))) {
    const isHeading = line.startsWith('"')
    if (lines.length > 0 && (isHeading || lines.length >= ROWS_A_PIECE || characters >= CHARACTERS_A_PIECE)) {
      yield { table, lines, characters }
      lines = []
      characters = 0
    }
    if (isHeading) {
      table = JSON.parse(line) as string
      continue
    }
    lines.push(line)
    characters += line.length
  }
  if (lines.length > 0) yield { table, lines, characters }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)]).toString('utf8')
      begun = []
      from = end + 1
    }
    begun.push(chunk.subarray(from))
  }
}
