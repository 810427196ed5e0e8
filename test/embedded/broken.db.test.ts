import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import pg from 'pg'
import { startEngine } from '../../src/storage/embedded/engine.ts'
import { openSessionGate } from '../../src/storage/embedded/session-gate.ts'

/* The engine runs in this process, so that its disk can be made to fail. */

test('when a sync fails the commit is not acknowledged, and the process is told that the store is lost', async () => {
  const directory = fs.mkdtempSync(join(tmpdir(), 'zego-broken-'))
  const engine = await startEngine(join(directory, 'cluster'))
  const lost = Promise.withResolvers<unknown>()
  const gate = await openSessionGate(engine, join(directory, '.s.PGSQL.5432'), lost.resolve)
  const client = new pg.Client({ host: directory, port: 5432, user: 'postgres', database: 'postgres' })
  client.on('error', () => {})
  await client.connect()
  await client.query('create table fact (id int)')

  const real = fs.fdatasyncSync
  fs.fdatasyncSync = () => {
    throw Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' })
  }
  syncBuiltinESMExports()
  try {
    let isAcknowledged = false
    const insert = client.query('insert into fact values (1)').then(
      () => (isAcknowledged = true),
      () => {},
    )
    assert.match(String(await lost.promise), /PANIC|could not fsync/)
    assert.equal(isAcknowledged, false)
    client.end().catch(() => {})
    void gate.close()
    await insert
  } finally {
    fs.fdatasyncSync = real
    syncBuiltinESMExports()
    fs.rmSync(directory, { recursive: true, force: true })
  }
  assert.equal(fs.existsSync(directory), false)
})
