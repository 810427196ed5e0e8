import type { Command } from 'commander'
import type { Made, Restored } from '../app/backup.ts'
import { type Cli, command, printable, show } from './cli.ts'

const BYTES_PER_MEGABYTE = 1_000_000

const BACKUP_HELP = `
The store is backed up as of one moment, beside a running server or without one: whatever was answered 202 before it
began is in it. Embedded: the data directory is copied aside first, which takes as much room in it for a while. A
PostgreSQL server: by pg_dump, which has to be here. FILE gets its name when all of it is on disk; it is readable by you alone.

Keep it as safe as the store: it has customers' names and addresses, hashes of passwords and keys, and the secrets that
links are signed with, in the clear. What signs the cookies of those who log in is not in it.`

const RESTORE_HELP = `
Only into an empty store: a DATA_DIR without one, or a DATABASE_URL of an empty database. The file is read whole first
and refused unless every byte is as it was written; the store is there whole, or not at all. The backup of an embedded store can
be restored into a PostgreSQL server too, and one of an older zego by this one.

What was revoked or withdrawn since the backup is as it was then: look at API keys and consents. Everybody logs in anew,
and people of the desk need "zego staff reset-second-factor", unless AUTH_SECRET (or DATA_DIR/auth-secret) is the one of before.`

export function backupCommands(program: Command, cli: Cli): void {
  command(program, 'backup <file>', 'write all of the store to a file')
    .option('--force', 'replace a file that is there')
    .addHelpText('after', BACKUP_HELP)
    .action(async (file: string, options: { force?: boolean; json?: boolean }) => {
      const made = await cli.backUp(file, options.force ?? false)
      show(cli, options.json, toJson(file, made), () =>
        [
          `Backed up into ${printable(file)}: ${describe(made)}.`,
          'To check it, restore it elsewhere, and derive everything again there:',
          ...howToTry(file, made),
        ].join('\n'),
      )
    })

  command(program, 'restore <file>', 'fill an empty store from a backup')
    .addHelpText('after', RESTORE_HELP)
    .action(async (file: string, options: { json?: boolean }) => {
      const restored = await cli.restore(file)
      show(cli, options.json, { ...toJson(file, restored), leftOut: restored.leftOut }, () =>
        [
          `Restored ${printable(file)}: ${describe(restored)}.`,
          ...leftOut(restored),
          'To check it: npx zego check',
        ].join('\n'),
      )
    })
}

function toJson(file: string, { manifest, bytes }: Made) {
  const { engine, program, schema, begunAt } = manifest
  const tables =
    manifest.engine === 'embedded' ? Object.fromEntries(manifest.tables.map(({ name, rows }) => [name, rows])) : null
  return { file, bytes, engine, program, schema, begunAt, tables }
}

function describe({ manifest, bytes }: Made): string {
  const size =
    bytes < BYTES_PER_MEGABYTE ? `${Math.ceil(bytes / 1_000)} kB` : `${(bytes / BYTES_PER_MEGABYTE).toFixed(1)} MB`
  const from = `from ${manifest.begunAt}, by zego ${manifest.program}`
  if (manifest.engine === 'server') return `${size}, ${from} and pg_dump ${manifest.pgDump}`
  const rows = (prefix: string): number =>
    manifest.tables.reduce((sum, { name, rows: count }) => sum + (name.startsWith(prefix) ? count : 0), 0)
  const waiting = rows('inbox') === 0 ? '' : `, ${rows('inbox')} reports to be derived`
  return `${size}, ${rows('event')} events, ${rows('report')} reports${waiting}, ${rows('')} rows in all, ${from}`
}

function howToTry(file: string, { manifest }: Made): string[] {
  const where = manifest.engine === 'embedded' ? 'DATA_DIR=/tmp/try' : 'DATABASE_URL=postgres://.../EMPTY_DATABASE'
  return [`  ${where} npx zego restore ${printable(file)} && ${where} npx zego check`]
}

function leftOut(restored: Restored): string[] {
  if (restored.leftOut.length === 0) return []
  return [`Left out, because zego does not make such tables: ${restored.leftOut.map(printable).join(', ')}.`]
}
