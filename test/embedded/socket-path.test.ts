import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  claimSocketPath,
  type DataDirectory,
  prepareDataDirectory,
  removeSocket,
} from '../../src/storage/embedded/data-directory.ts'

describe('the note of where the socket is', () => {
  let root: string
  let directory: DataDirectory
  const home = process.cwd()
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'zego-note-'))
    directory = prepareDataDirectory(join(root, 'x'.repeat(120)))
    mkdirSync(join(root, 'precious'))
    writeFileSync(join(root, 'precious', 'file'), 'kept')
    process.chdir(root)
  })
  afterEach(() => {
    process.chdir(home)
    rmSync(root, { recursive: true, force: true })
  })

  test('a path too long for a socket gets a short one, which goes when it is over', () => {
    const short = claimSocketPath(directory)
    assert.ok(short.length < 100 && existsSync(dirname(short)))
    removeSocket(directory)
    assert.equal(existsSync(dirname(short)), false)
  })

  for (const cutShort of ['', '.', '/', 'precious/file', '/tmp', '..']) {
    test(`one that says ${JSON.stringify(cutShort)} leads to nothing else being removed`, () => {
      writeFileSync(join(directory.path, 'socket-path'), cutShort)
      removeSocket(directory)
      assert.ok(existsSync(join(root, 'precious', 'file')))
      assert.ok(existsSync(directory.path))
    })
  }
})
