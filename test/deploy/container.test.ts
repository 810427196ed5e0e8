import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { only, read, ROOT, stopDeadlineSeconds, variablesOfTheProgram, withoutComments } from './files.ts'

/* What can be said of the container files without a Docker daemon; installed.slow.ts does what the build does. */

const dockerfile = withoutComments(read('deploy/Dockerfile')).replaceAll('\\\n', ' ')
const compose = withoutComments(read('deploy/compose.yaml'))

describe('the Dockerfile', () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) => sources!.split(' '))

  test('copies what is there, and what .dockerignore lets through', () => {
    assert.ok(copied.length >= 6)
    const letThrough = read('.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1))
    assert.ok(read('.dockerignore').split('\n').includes('*'), 'nothing else is sent to the daemon')
    for (const path of copied) assert.ok(existsSync(join(ROOT, path)), path)
    assert.deepEqual(letThrough.sort(), copied.sort())
  })

  test('copies every folder that the program is made of', () => {
    const { dependencies, bin } = JSON.parse(read('package.json')) as { dependencies: object; bin: { zego: string } }
    assert.ok(Object.keys(dependencies).length > 0)
    assert.ok(copied.includes('src') && copied.includes(bin.zego.split('/')[0]!))
  })

  test('runs by a user without rights, whose directory the data is', () => {
    const stages = dockerfile.split(/^FROM /m).slice(1)
    const users = stages.map((stage) => [...stage.matchAll(/^USER (\S+)$/gm)].at(-1)?.[1])
    assert.deepEqual(users, [undefined, 'zego', 'zego', undefined])
    assert.match(stages.at(-1)!, /^run\s*$/, 'what is built without --target is the stage "run" and nothing more')
    const dataDir = only(dockerfile, /DATA_DIR=(\S+)/)
    assert.match(dockerfile, new RegExp(`^VOLUME ${dataDir}$`, 'm'))
    assert.match(dockerfile, new RegExp(`install --directory --owner=zego --group=zego --mode=0700 ${dataDir}`))
  })

  test('has a configuration that the program takes, and the port that it says', () => {
    const environment = Object.fromEntries(
      only(dockerfile, /^ENV (.+)$/m)
        .split(' ')
        .map((pair) => pair.split('=')),
    ) as Record<string, string>
    const config = readConfig({ ...environment, PUBLIC_URL: 'https://zego.example.com' })
    assert.equal(config.host, '0.0.0.0', 'it is reached from outside the container')
    assert.equal(config.hasDemo, false)
    assert.equal(config.port, Number(only(dockerfile, /^EXPOSE (\d+)$/m)))
    const known = variablesOfTheProgram()
    for (const name of Object.keys(environment)) assert.ok(known.has(name), name)
  })

  test('starts, asks and stops it by programs that are there', () => {
    for (const path of ['deploy/zego', 'deploy/healthy']) {
      assert.ok(dockerfile.includes(`"/opt/zego/${path}"`), path)
      assert.ok((statSync(join(ROOT, path)).mode & 0o111) === 0o111, `${path} can be run`)
    }
    assert.match(dockerfile, /^STOPSIGNAL SIGTERM$/m)
    assert.match(dockerfile, /^HEALTHCHECK .* CMD \["\/opt\/zego\/deploy\/healthy", "\/livez"\]$/m)
  })
})

describe('compose.yaml', () => {
  test('publishes the ports of the proxy alone, and keeps the processes and the database in a network of their own', () => {
    assert.deepEqual([...compose.matchAll(/^ *(ports|expose):/gm)].length, 1)
    assert.match(serviceOf('proxy'), /ports: \['80:80', '443:443'\]/)
    assert.match(compose, /inside:\s+internal: true/)
    for (const name of ['accept-1', 'accept-2', 'database', 'tools']) {
      assert.doesNotMatch(serviceOf(name), /outside/, name)
    }
  })

  test('names variables that the program has, and secrets by files that are kept out of the repository', () => {
    const known = variablesOfTheProgram()
    const named = [...compose.matchAll(/^ +([A-Z][A-Z_]+): (.+)$/gm)].filter(
      ([, name]) => !name!.startsWith('POSTGRES_'),
    )
    assert.ok(named.length >= 6)
    for (const [, name, value] of named) {
      assert.ok(known.has(name!), name!)
      if (name!.endsWith('_FILE')) assert.match(value!, /^\/run\/secrets\/[a-z-]+$/)
      else assert.doesNotMatch(name!, /SECRET|PASSWORD|DATABASE_URL|SMTP_URL/)
    }
    const used = [...compose.matchAll(/\/run\/secrets\/([a-z-]+)/g)].map(([, name]) => name!)
    const given = [...compose.matchAll(/file: \.\/secrets\/([a-z-]+)$/gm)].map(([, name]) => name!)
    for (const name of used) assert.ok(given.includes(name), name)
    assert.match(read('.gitignore'), /^\/deploy\/secrets\/$/m)
  })

  test('gives the program time to stop, and PostgreSQL a minute', () => {
    const graces = [...compose.matchAll(/stop_grace_period: (\d+)s/g)].map(([, seconds]) => Number(seconds))
    assert.equal(graces.length, 2)
    for (const seconds of graces) assert.ok(seconds > stopDeadlineSeconds())
  })

  test('has the processes where the proxy looks for them, and the proxy where the program believes it', () => {
    const upstream = withoutComments(read('deploy/nginx/upstream-compose.conf'))
    const asked = [...upstream.matchAll(/server (\S+):(\d+)/g)]
    assert.deepEqual(
      asked.map(([, address]) => address),
      ['accept-1', 'accept-2'].map((name) => only(serviceOf(name), /ipv4_address: (\S+)/)),
    )
    for (const [, , port] of asked) assert.equal(port, only(dockerfile, /^EXPOSE (\d+)$/m))
    assert.equal(only(compose, /TRUSTED_PROXIES: (\S+)/), only(serviceOf('proxy'), /ipv4_address: (\S+)/))
  })

  test('mounts files that are there', () => {
    const mounted = [...compose.matchAll(/- (\.\/nginx\/\S+?):/g)].map(([, path]) => path!)
    assert.equal(mounted.length, 2)
    for (const path of mounted) assert.ok(existsSync(join(ROOT, 'deploy', path)), path)
  })
})

function serviceOf(name: string): string {
  return only(compose, new RegExp(`^  ${name}:\\n((?:(?: {3,}.*)?\\n)+)`, 'm'))
}
