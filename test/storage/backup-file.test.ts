import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  utimesSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { type Backup, createBackup, openBackup } from '../../src/storage/backup/backup-file.ts'
import type { Manifest } from '../../src/storage/backup/manifest.ts'

const PAYLOAD = [Buffer.from('what a store has, '), Buffer.from('in two pieces')]
const WHOLE = Buffer.concat(PAYLOAD)
const NOT_WHOLE = { name: 'Impossible', message: /is not a whole backup: it was cut short, changed, or never one$/ }

function manifest(payloadBytes: number): Manifest {
  return {
    format: 1,
    engine: 'embedded',
    program: '0.0.0',
    schema: ['0001-first'],
    begunAt: '2026-11-25T20:00:00.000000Z',
    payloadBytes,
    tables: [{ name: 'customer', rows: 2, month: null }],
  }
}

describe('the file of a backup', () => {
  let directory: string
  let file: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zego-file-'))
    file = join(directory, 'store.zego')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  async function write(mayReplace = false, describeIt = manifest): Promise<number> {
    const writer = await createBackup(file, mayReplace)
    for (const chunk of PAYLOAD) await writer.write(chunk)
    return writer.finish(describeIt)
  }

  const read = (): Promise<Backup> => openBackup(file)

  it('tells what it has, gives back its payload, and can be read by nobody else', async () => {
    const bytes = await write()
    const backup = await read()
    assert.deepEqual(backup.manifest, manifest(WHOLE.length))
    assert.deepEqual(await buffer(backup.payload()), WHOLE)
    assert.deepEqual({ bytes: backup.bytes, size: statSync(file).size }, { bytes, size: bytes })
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(directory), ['store.zego'])
  })

  it('is refused wherever it is cut off', async () => {
    await write()
    const whole = readFileSync(file)
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length))
      await assert.rejects(read(), NOT_WHOLE, `cut to ${length} of ${whole.length} bytes`)
    }
  })

  it('is refused whichever of its bytes is changed', async () => {
    await write()
    const whole = readFileSync(file)
    for (let place = 0; place < whole.length; place++) {
      const changed = Buffer.from(whole)
      changed[place]! ^= 1 << (place % 8)
      writeFileSync(file, changed)
      await assert.rejects(read(), NOT_WHOLE, `byte ${place} of ${whole.length} changed`)
    }
  })

  it('is refused with something added, and so is any other file', async () => {
    await write()
    const whole = readFileSync(file)
    for (const other of [
      Buffer.concat([whole, Buffer.from('\n')]),
      Buffer.concat([Buffer.from('x'), whole]),
      Buffer.alloc(500),
    ]) {
      writeFileSync(file, other)
      await assert.rejects(read(), NOT_WHOLE)
    }
    await assert.rejects(openBackup(directory), { name: 'Impossible', message: /cannot be read/ })
    await assert.rejects(openBackup(join(directory, 'none')), { name: 'Impossible', message: /^there is no .*none$/ })
  })

  it('of a later format says which version made it', async () => {
    await write(false, (bytes) => ({ ...manifest(bytes), format: 2, program: '9.1.0' }) as unknown as Manifest)
    await assert.rejects(read(), { name: 'Impossible', message: /made by a newer zego \(9\.1\.0\)/ })
  })

  it('never takes the place of a file that is there, be it there before or come meanwhile', async () => {
    writeFileSync(file, 'mine')
    await assert.rejects(createBackup(file, false), { name: 'Impossible', message: /is there already.*--force$/ })
    rmSync(file)
    const writer = await createBackup(file, false)
    writeFileSync(file, 'mine')
    await assert.rejects(writer.finish(manifest), { name: 'Impossible', message: /is there already/ })
    await writer.abandon()
    assert.equal(readFileSync(file, 'utf8'), 'mine')
    assert.deepEqual(readdirSync(directory), ['store.zego'])
    rmSync(file)
    symlinkSync('/nowhere', file)
    await assert.rejects(
      createBackup(file, false),
      { message: /is there already/ },
      'a link to nowhere is something too',
    )
  })

  it('takes it where that is wanted, but only when it is whole', async () => {
    writeFileSync(file, 'mine')
    const writer = await createBackup(file, true)
    await writer.write(WHOLE)
    assert.equal(readFileSync(file, 'utf8'), 'mine')
    await writer.abandon()
    assert.equal(readFileSync(file, 'utf8'), 'mine')
    await write(true)
    assert.equal((await read()).manifest.payloadBytes, WHOLE.length)
    assert.deepEqual(readdirSync(directory), ['store.zego'])
  })

  it('is for its owner alone, and removes the remains of one that was killed long ago', async () => {
    writeFileSync(`${file}.0123abcd.partial`, 'half', { mode: 0o644 })
    const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400
    utimesSync(`${file}.0123abcd.partial`, twoDaysAgo, twoDaysAgo)
    writeFileSync(join(directory, 'other.zego.0123abcd.partial'), 'half')
    await write()
    await read()
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(directory).sort(), ['other.zego.0123abcd.partial', 'store.zego'])
  })

  it('is whole though another into the same file is begun, ended or given up meanwhile', async () => {
    const first = await createBackup(file, true)
    await first.write(WHOLE.subarray(0, 10))
    const second = await createBackup(file, true)
    await second.write(WHOLE.subarray(0, 5))
    await first.write(WHOLE.subarray(10))
    await first.finish(manifest)
    assert.equal((await read()).manifest.payloadBytes, WHOLE.length)
    await second.abandon()
    assert.equal((await read()).manifest.payloadBytes, WHOLE.length)
    assert.deepEqual(readdirSync(directory), ['store.zego'])
  })

  it('that cannot be written says so', async () => {
    const message = /cannot be written/
    await assert.rejects(createBackup(join(directory, 'none', 'store.zego'), false), { name: 'Impossible', message })
    mkdirSync(file)
    await assert.rejects(write(true), { name: 'Impossible', message })
  })
})
