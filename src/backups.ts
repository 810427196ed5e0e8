import { pipeline } from 'node:stream'
import type { Logger } from 'pino'
import { assertKnownSchema, type Made, type Progress, type Restored, restoreRows, writeBackup } from './app/backup.ts'
import type { Config, Environment } from './config.ts'
import type { Actor, AuditAction } from './domain/audit.ts'
import { Impossible } from './domain/errors.ts'
import { formatInstant } from './domain/instant.ts'
import { openContext } from './open.ts'
import { findProgram, runOnDatabase } from './postgresql-programs.ts'
import { AUDIT_MIGRATION, insertAudit } from './storage/audit.ts'
import { type Backup, type BackupWriter, createBackup, openBackup } from './storage/backup/backup-file.ts'
import type { Manifest } from './storage/backup/manifest.ts'
import { analyzeTables, isDatabaseEmpty } from './storage/backup/tables.ts'
import { type Database, databaseNow, databaseVersion, inTransaction, openDatabase } from './storage/database.ts'
import { prepareDataDirectory, tryLock } from './storage/embedded/data-directory.ts'
import { DataDirectoryInUse, openEmbedded } from './storage/embedded/embedded.ts'
import { adoptCluster, hasCluster, openSideStore } from './storage/embedded/side-store.ts'
import { assertReplayed, copyCluster } from './storage/embedded/snapshot.ts'
import { checkpoint, freeze } from './storage/maintenance.ts'
import { FEED_MIGRATION, leaveGapInFeeds } from './storage/feed.ts'
import { isCitus } from './storage/citus.ts'
import { appliedMigrations } from './storage/migrate.ts'

/* Backups of either kind of store, by the programs and files of this machine: part of the composition root. */

export type Surroundings = {
  readonly config: Config
  readonly actor: Actor
  readonly environment: Environment
  readonly log: Logger
  readonly program: string
  readonly onBroken: (reason: string) => void
  /** Told how far it is, in words. */
  readonly onProgress: (line: string) => void
}

/** What signs the cookies of those who log in stays out of every backup (docs/decisions/0018): a server makes a new one. */
const WITHOUT_SECRETS = ['--exclude-table-data=shared_secret']
/** `pg_dump` would read one shard after another, each as of another moment. */
const CLUSTER_BACKUP =
  'this is a Citus cluster: back up each of its nodes, to one restore point, as docs/operations.md says ("A Citus cluster")'
/** Its tables would have rows before they are distributed. */
const CLUSTER_RESTORE =
  'this is a Citus cluster, which takes the backup of an embedded store only: restore this one into a database without the extension'
/** From this major version on what `pg_restore` says first is refused by older servers. */
const TRANSACTION_TIMEOUT_SINCE = 17
const BYTES_PER_MEGABYTE = 1024 * 1024

/** Backs up the store that the configuration names into a file that is there, whole, when this is over. */
export async function backUp(around: Surroundings, file: string, mayReplace: boolean): Promise<Made> {
  const { config } = around
  if (config.databaseUrl === undefined && !hasCluster(config.dataDir)) {
    throw new Impossible(`there is no store in ${config.dataDir} (DATA_DIR) to back up`)
  }
  const writer = await createBackup(file, mayReplace)
  try {
    return await (config.databaseUrl === undefined
      ? backUpEmbedded(around, writer)
      : backUpServer(around, config.databaseUrl, writer))
  } catch (error) {
    await writer.abandon()
    throw error
  }
}

/** Copies the cluster beside whoever uses it, and writes the rows of the copy: the store itself is hardly asked. */
async function backUpEmbedded(around: Surroundings, writer: BackupWriter): Promise<Made> {
  const { config, log, program, onProgress } = around
  const side = openSideStore(config.dataDir, 'backup')
  try {
    const opened = await openContext(config, log, {
      mayShare: true,
      actor: around.actor,
      onFirstStart: () => {},
      onBroken: around.onBroken,
    })
    const { db } = opened.context
    await note(around, db, 'backup made')
    let copied = 0
    const [begunAt, place] = await closing(opened, async () => [
      await databaseNow(db),
      await copyCluster(db, prepareDataDirectory(config.dataDir).clusterPath, side.directory.clusterPath, (bytes) => {
        copied += bytes
        onProgress(`copying the store: ${megabytes(copied)} MB`)
      }),
    ])
    onProgress('opening the copy')
    return await withEmbedded(around, side.directory.path, async (copy) => {
      await assertReplayed(copy, place)
      return writeBackup(copy, writer, { program, begunAt }, (progress) => onProgress(rowsSoFar('written', progress)))
    })
  } finally {
    side.release()
  }
}

async function backUpServer(around: Surroundings, url: string, writer: BackupWriter): Promise<Made> {
  const { log, program, environment, onProgress } = around
  const opened = openDatabase({ url }, (error) => log.warn({ err: error }, 'an idle connection broke'))
  return closing(opened, async () => {
    const { db } = opened
    if (await isCitus(db)) throw new Impossible(CLUSTER_BACKUP)
    const pgDump = await findProgram('pg_dump', await databaseVersion(db), environment)
    const schema = await appliedMigrations(db)
    if (schema.length === 0) throw new Impossible('the database has no store of zego to back up')
    await note(around, db, 'backup made')
    const begunAt = formatInstant(await databaseNow(db))
    const dump = runOnDatabase(pgDump.path, ['--format=custom', ...WITHOUT_SECRETS], url, environment)
    let written = 0
    for await (const chunk of dump.process.stdout!) {
      await writer.write(chunk as Buffer)
      written += (chunk as Buffer).length
      onProgress(`${megabytes(written)} MB written`)
    }
    await dump.ended()
    if ((await appliedMigrations(db)).length !== schema.length) {
      throw new Impossible('the database was migrated while it was backed up: do it again')
    }
    const common = { format: 1, engine: 'server', program, schema, begunAt, pgDump: pgDump.version } as const
    let manifest: Manifest
    const bytes = await writer.finish((payloadBytes) => (manifest = { ...common, payloadBytes }))
    return { manifest: manifest!, bytes }
  })
}

/** Restores a backup into the store that the configuration names, which has to be empty: whole, or not at all. */
export async function restore(around: Surroundings, file: string): Promise<Restored> {
  const { config, onProgress } = around
  if (config.databaseUrl === undefined && hasCluster(config.dataDir)) throw new Impossible(hasStore(config.dataDir))
  onProgress('reading the backup')
  const backup = await openBackup(file)
  assertKnownSchema(backup)
  const { manifest, bytes } = backup
  const leftOut = await (config.databaseUrl === undefined
    ? restoreEmbedded(around, backup)
    : restoreIntoServer(around, config.databaseUrl, backup))
  return { manifest, bytes, leftOut }
}

/** Fills a cluster aside, which takes its place in the data directory when it is whole. */
async function restoreEmbedded(around: Surroundings, backup: Backup): Promise<readonly string[]> {
  const { config } = around
  const { manifest } = backup
  if (manifest.engine !== 'embedded') {
    throw new Impossible('this is the backup of a PostgreSQL server: set DATABASE_URL to an empty database of one')
  }
  const directory = prepareDataDirectory(config.dataDir)
  const lock = tryLock(directory)
  if (lock === null) throw new DataDirectoryInUse(`another process has the data directory ${directory.path} open`)
  try {
    if (hasCluster(config.dataDir)) throw new Impossible(hasStore(config.dataDir))
    const side = openSideStore(config.dataDir, 'restore')
    try {
      const { leftOut } = await withEmbedded(around, side.directory.path, async (db) => {
        const restored = await restoreRows(db, backup, manifest, (progress) =>
          around.onProgress(rowsSoFar('restored', progress)),
        )
        await settle(around, db)
        await freeze(db)
        await checkpoint(db)
        return restored
      })
      adoptCluster(side, directory.clusterPath)
      return leftOut
    } finally {
      side.release()
    }
  } finally {
    lock.release()
  }
}

async function restoreIntoServer(around: Surroundings, url: string, backup: Backup): Promise<readonly string[]> {
  const { log, environment, onProgress } = around
  const { manifest } = backup
  const opened = openDatabase({ url }, (error) => log.warn({ err: error }, 'an idle connection broke'))
  return closing(opened, async () => {
    const { db } = opened
    if (!(await isDatabaseEmpty(db))) {
      throw new Impossible('the database is not empty: make a new one, and restore into that')
    }
    if (manifest.engine === 'server' && (await isCitus(db))) throw new Impossible(CLUSTER_RESTORE)
    let leftOut: readonly string[] = []
    if (manifest.engine === 'embedded') {
      const report = (progress: Progress): void => onProgress(rowsSoFar('restored', progress))
      leftOut = (await inTransaction(db, (trx) => restoreRows(trx, backup, manifest, report))).leftOut
    } else {
      onProgress('pg_restore is at work')
      const [server, dump] = [await databaseVersion(db), Number.parseInt(manifest.pgDump, 10)]
      const { path, major } = await findProgram('pg_restore', Math.max(server, dump), environment)
      if (server < TRANSACTION_TIMEOUT_SINCE && major >= TRANSACTION_TIMEOUT_SINCE) {
        throw new Impossible(
          `pg_restore of PostgreSQL ${major} sets what a server of PostgreSQL ${server} does not know, and this backup was ` +
            `made by pg_dump ${manifest.pgDump}: restore it into a server of PostgreSQL ${TRANSACTION_TIMEOUT_SINCE} or later`,
        )
      }
      const args = ['--single-transaction', '--exit-on-error', '--no-owner', '--no-privileges']
      const running = runOnDatabase(path, args, url, environment)
      let unread: Error | null = null
      const stdin = running.process.stdin!
      // What could not be read cuts pg_restore short, too; of one that ended by itself its own words tell.
      const payload = backup.payload().once('error', (error: Error) => {
        if (!stdin.destroyed) unread = error
      })
      pipeline(payload, stdin, () => {})
      await running.ended().catch((error: unknown) => {
        throw unread ?? error
      })
    }
    await settle(around, db)
    await analyzeTables(db)
    return leftOut
  })
}

/** What is to be said and done of a store that was restored. */
async function settle(around: Surroundings, db: Database): Promise<void> {
  await note(around, db, 'backup restored')
  if ((await appliedMigrations(db)).includes(FEED_MIGRATION)) await leaveGapInFeeds(db)
}

/** Who has a backup has everything: that one was begun is in the audit log, where the schema has one already. */
async function note({ actor }: Surroundings, db: Database, action: AuditAction): Promise<void> {
  if ((await appliedMigrations(db)).includes(AUDIT_MIGRATION)) await insertAudit(db, actor, { action })
}

/** Runs `use` on the embedded store of a data directory that is nobody else's. */
async function withEmbedded<T>(around: Surroundings, dataDir: string, use: (db: Database) => Promise<T>): Promise<T> {
  const embedded = await openEmbedded({
    dataDir,
    mayShare: false,
    onFirstStart: () => {},
    onBroken: around.onBroken,
  })
  try {
    const opened = openDatabase({ embeddedHost: embedded.host }, () => {})
    return await closing(opened, () => use(opened.db))
  } finally {
    await embedded.close()
  }
}

/** Runs `use`, and closes what it was run on. */
async function closing<T>(opened: { close(): Promise<void> }, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    await opened.close()
  }
}

function hasStore(dataDir: string): string {
  return `there is a store in ${dataDir} (DATA_DIR) already: restore into another directory, or move that away first`
}

function rowsSoFar(word: string, { rows, share }: Progress): string {
  return `${rows} rows ${word} (${Math.floor(share * 100)} %)`
}

function megabytes(bytes: number): string {
  return (bytes / BYTES_PER_MEGABYTE).toFixed(1)
}
