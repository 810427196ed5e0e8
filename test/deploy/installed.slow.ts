import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { freePort } from '../../scripts/cluster.ts'
import { waitFor } from '../faults/harness.ts'
import { missing, read, ROOT, withoutComments } from './files.ts'

/* What the build of the container does, in a directory: the program without what only its development needs. */

const skip = process.platform === 'linux' ? missing('npm') : 'LEFT OUT: deploy/ is for Linux'
const stage = withoutComments(read('deploy/Dockerfile')).split(/^FROM /m)[1]!

describe('installed as deploy/Dockerfile says', { skip }, () => {
  let root: string
  let directory: string
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'zego-installed-'))
    directory = join(root, 'opt')
    mkdirSync(directory)
    for (const [, kind, rest] of stage.matchAll(/^(COPY|RUN) (.+)$/gm)) {
      if (kind === 'COPY') copy(rest!.split(' '), directory)
      else await runShell(rest!, directory)
    }
  })
  after(() => rmSync(root, { recursive: true, force: true }))

  test('it has what it runs by and nothing else', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>
    const has = (name: string): boolean => existsSync(join(directory, 'node_modules', name))
    for (const name of Object.keys(dependencies!)) assert.ok(has(name), name)
    for (const name of Object.keys(devDependencies!)) assert.equal(has(name), false, name)
    const all = ['LICENSE', 'bin', 'deploy', 'node_modules', 'package-lock.json', 'package.json', 'src']
    assert.deepEqual(readdirSync(directory).sort(), all)
  })

  test('it starts by its own Node although none is on the PATH, says that it is well, and ends with 0', async () => {
    // As it is installed: the command is a link.
    symlinkSync(join(directory, 'deploy/zego'), join(root, 'zego'))
    const dataDir = join(root, 'data')
    const PORT = String(await freePort())
    const env = { PATH: pathWithoutNode(root), DATA_DIR: dataDir, ZEGO_DEMO: '0', PORT }
    const healthy = (path: string): number | null =>
      spawnSync(join(directory, 'deploy/healthy'), [path], { env }).status
    assert.notEqual(healthy('/livez'), 0, 'nothing runs yet')
    const child = spawn(join(root, 'zego'), ['serve'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    const ended = once(child, 'exit')
    try {
      await waitFor('it being ready', () => child.exitCode === null && healthy('/readyz') === 0)
      assert.equal(healthy('/livez'), 0)
      assert.notEqual(healthy('/nowhere'), 0)
      const check = spawnSync(join(root, 'zego'), ['check'], { env, encoding: 'utf8' })
      assert.equal(check.stdout, 'No difference in 0 streams, 0 shifts, 0 reports.\n', check.stderr)
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
    } finally {
      child.kill('SIGKILL')
    }
  })
})

/** As COPY does: a file goes into a folder that is named with a slash at its end. */
function copy(paths: readonly string[], directory: string): void {
  const target = paths.at(-1)!
  for (const path of paths.slice(0, -1)) {
    const into = join(directory, target, target.endsWith('/') ? path.split('/').at(-1)! : '')
    mkdirSync(dirname(into), { recursive: true })
    cpSync(join(ROOT, path), into, { recursive: true })
  }
}

async function runShell(command: string, cwd: string): Promise<void> {
  const child = spawn('sh', ['-ec', command], { cwd, stdio: ['ignore', 'inherit', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0, command)
}

/** A folder with what the scripts call and nothing else. */
function pathWithoutNode(root: string): string {
  const folder = join(root, 'path')
  mkdirSync(folder)
  for (const name of ['sh', 'dirname', 'readlink']) {
    symlinkSync(spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim(), join(folder, name))
  }
  return folder
}
