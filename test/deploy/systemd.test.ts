import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { only, missing, read, ROOT, stopDeadlineSeconds, variablesOfTheProgram, withoutComments } from './files.ts'

/** Out of 100, as `systemd-analyze security` counts: what a service is exposed to that needs network and a JIT. */
const MAX_EXPOSURE = 15
const UNIT = 'deploy/zego.service'
const DROP_INS = readdirSync(join(ROOT, 'deploy/zego.service.d')).map((name) => `deploy/zego.service.d/${name}`)
/** Node's own. */
const OF_NODE = ['NODE_COMPILE_CACHE']

const unit = withoutComments(read(UNIT))

describe('the unit of systemd', () => {
  test('sets variables that the program has', () => {
    const known = variablesOfTheProgram()
    for (const path of [UNIT, ...DROP_INS]) {
      const lines = [...withoutComments(read(path)).matchAll(/^Environment=(.+)$/gm)]
      const names = lines.flatMap(([, pairs]) => pairs!.split(' ').map((pair) => pair.split('=')[0]!))
      assert.ok(names.length > 0, path)
      for (const name of names) assert.ok(known.has(name) || OF_NODE.includes(name), `${name} in ${path}`)
    }
  })

  test('hands each secret over as a credential, under the name by which the program reads it', () => {
    const handed = DROP_INS.map((path) => {
      const text = read(path)
      const [name, file] = only(text, /^LoadCredential=(.+)$/m).split(':')
      assert.equal(file, `/etc/zego/${name}`)
      assert.match(text, new RegExp(`^Environment=[A-Z_]+_FILE=%d/${name}$`, 'm'))
      return name
    })
    assert.deepEqual(handed.sort(), ['auth-secret', 'database-url', 'metrics-token', 'smtp-url'])
  })

  test('waits longer than the program takes to stop, and does not start it again with a wrong configuration', () => {
    assert.ok(Number(only(unit, /^TimeoutStopSec=(\d+)$/m)) > stopDeadlineSeconds())
    assert.match(unit, /^Restart=on-failure$/m)
    assert.equal(
      only(unit, /^RestartPreventExitStatus=(\d+)$/m),
      only(read('src/run-program.ts'), /EXIT_USAGE = (\d+)/),
    )
  })

  test('lets it write code: V8 does', () => assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m))
})

describe('systemd-analyze', { skip: missing('systemd-analyze') }, () => {
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'zego-units-'))
    cpSync(join(ROOT, 'deploy'), directory, { recursive: true })
    // As it is installed, only that the program is here, whatever the path of the checkout: whether it can be run is looked at.
    cpSync(join(ROOT, 'deploy'), join(directory, 'deploy'), { recursive: true })
    const path = join(directory, 'zego.service')
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll('/opt/zego/', `${directory}/`))
  })
  after(() => rmSync(directory, { recursive: true, force: true }))

  test('verify finds nothing to complain of, with every drop-in', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', join(directory, 'zego.service')])
    assert.equal(`${stdout.toString()}${stderr.toString()}`, '')
    assert.equal(status, 0)
  })

  test('verify finds nothing to complain of in the template for several processes', () => {
    const template = join(directory, 'zego@.service')
    cpSync(join(directory, 'zego.service'), template)
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', template.replace('@', '@accept-1')])
    assert.equal(stderr.toString(), '')
    assert.equal(status, 0)
  })

  test(`security counts an exposure of no more than ${MAX_EXPOSURE / 10}`, () => {
    const args = [
      'security',
      '--offline=true',
      '--no-pager',
      `--threshold=${MAX_EXPOSURE}`,
      join(directory, 'zego.service'),
    ]
    const { status, stdout } = spawnSync('systemd-analyze', args)
    assert.equal(status, 0, stdout.toString())
    assert.match(stdout.toString(), /Overall exposure level/)
  })
})
