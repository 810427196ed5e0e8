import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import { ended, startChild } from '../faults/harness.ts'
import { type ChildStore, openChildStore } from '../faults/store.ts'
import { openStore } from '../support/stores.ts'

/* Rule 1 of what the embedded engine needs: what is committed is on disk. */

const COMMITS = 200
/** A new page of a table or an index may ask for a sync of its own at the end; more would be another kind of store. */
const FURTHER_SYNCS = 20
/** Segments of the log that are begun. */
const SEGMENTS = 5
const COMMITS_PROGRAM = fileURLToPath(new URL('./commits.ts', import.meta.url))

const skip = !canTrace() && 'strace is not here, or may not trace: the syncs cannot be counted'

test('each commit is one real fdatasync of the kernel', { skip }, async (t) => {
  const store = await openChildStore('embedded')
  try {
    // The first run recovers from the copy; only the later ones are alike but for their commits.
    await ended(startChild([COMMITS_PROGRAM, '1'], store.environment))
    const few = countSyncs(store, 1)
    const many = countSyncs(store, 1 + COMMITS)
    t.diagnostic(`${few} syncs with 1 commit, ${many} with ${1 + COMMITS}`)
    assert.ok(many - few >= COMMITS, `${COMMITS} commits, but only ${many - few} syncs`)
    assert.ok(many - few <= COMMITS + FURTHER_SYNCS, `${COMMITS} commits, and ${many - few} syncs`)
  } finally {
    await store.remove()
  }
})

test(
  'a new segment of the log has its name on disk: its directory is synced by fsync, which fdatasync is not enough for',
  {
    skip,
  },
  async () => {
    const store = await openChildStore('embedded')
    try {
      // The names of what is synced stand behind the numbers of their files: fsync(23</path>).
      const lines = trace(store, ['-y', '-e', 'trace=fdatasync,fsync'], [String(SEGMENTS), 'segments'])
      const syncs = lines.flatMap((line) =>
        [...line.matchAll(/ (fsync|fdatasync)\(\d+<(.+?)>/g)].map(([, call, path]) => ({ call, path })),
      )
      const ofDirectories = syncs.filter(
        ({ path }) => statSync(path!, { throwIfNoEntry: false })?.isDirectory() === true,
      )
      assert.deepEqual([...new Set(ofDirectories.map(({ call }) => call))], ['fsync'])
      const ofTheLog = ofDirectories.filter(({ path }) => basename(path!) === 'pg_wal')
      assert.ok(ofTheLog.length >= SEGMENTS, `${SEGMENTS} segments, and ${ofTheLog.length} syncs of their directory`)
      assert.ok(syncs.some(({ call, path }) => call === 'fdatasync' && path!.includes('/pg_wal/')))
    } finally {
      await store.remove()
    }
  },
)

test('the engine runs with fsync, full pages and synchronous commits, by the sync method that is real', async () => {
  const store = await openStore('embedded')
  try {
    const { rows } = await sql`
      select current_setting('fsync') as fsync, current_setting('wal_sync_method') as method,
        current_setting('synchronous_commit') as commits, current_setting('full_page_writes') as pages
    `.execute(store.context.db)
    assert.deepEqual(rows, [{ fsync: 'on', method: 'fsync', commits: 'on', pages: 'on' }])
  } finally {
    await store.close()
  }
})

function canTrace(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', '-c', 'true']).status === 0
}

function countSyncs(store: ChildStore, commits: number): number {
  // % time, seconds, microseconds a call, calls, (errors,) name
  const calls = trace(store, ['-c', '-e', 'trace=fdatasync,fsync'], [String(commits)])
    .filter((line) => /\s(fdatasync|fsync)$/.test(line))
    .map((line) => line.trim().split(/\s+/)[3])
  return calls.reduce((sum, count) => sum + Number(count), 0)
}

/** What strace writes of a run of the program, line by line. */
function trace(store: ChildStore, options: readonly string[], args: readonly string[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'zego-strace-'))
  const output = join(directory, 'output')
  const command = ['-f', ...options, '-o', output, process.execPath, COMMITS_PROGRAM, ...args]
  const { status, stderr } = spawnSync('strace', command, {
    env: { ...process.env, ...store.environment },
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const lines = readFileSync(output, 'utf8').split('\n')
  rmSync(directory, { recursive: true })
  return lines
}
