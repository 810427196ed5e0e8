import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { citationsIn, rowsIn, titlesIn, titlesOf } from './citations.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')

const DOCUMENTS = ['docs/security.md', 'docs/security-asvs.md', 'docs/faults.md']
/** All of the levels 1 and 2 of OWASP ASVS 5.0.0, in its order. */
const ASVS_IDS = read('test/docs/asvs-ids.txt').trim().split('\n')
/** With what the third column begins; else it is the name of a test. */
const VERDICTS = ['by construction', 'documented', "the operator's", 'partly', 'not met', 'does not apply']
const SHOWN = 'shown by tests'

type Package = {
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly hasInstallScript?: boolean
  readonly resolved?: string
  readonly integrity?: string
}
const lockfile = JSON.parse(read('package-lock.json')) as { packages: Readonly<Record<string, Package>> }
const packages = Object.entries(lockfile.packages).filter(([path]) => path !== '')
const inProduction = packages.filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true)
const security = read('docs/security.md')

describe('what the documents say of tests', () => {
  for (const document of DOCUMENTS) {
    const skip = existsSync(new URL(document, ROOT)) ? false : `there is no ${document}`
    test(`${document} names tests that are there`, { skip }, () => {
      const text = read(document)
      const citations = citationsIn(text)
      assert.ok(citations.length > 0, 'no test is named')
      for (const { file, title } of citations) {
        assert.ok(existsSync(new URL(file, ROOT)), `there is no ${file}`)
        assert.ok(titlesOf(file, read).has(title), `${file} has no test named: ${title}`)
      }
      // What is written in another way would not be looked at.
      const files = [...text.matchAll(/\btest\/[\w./-]+\.ts\b/g)].map(([file]) => file)
      for (const file of files) assert.ok(existsSync(new URL(file, ROOT)), `there is no ${file}`)
      assert.equal([...text.matchAll(/\btest\/[\w./-]+\.ts: /g)].length, citations.length, 'a test is named otherwise')
    })
  }

  test('a test that was renamed, or is only a part of another name, is not there', () => {
    const source = "it('is kept', () => {})\nfor (const path of PATHS) test(`GET ${path(`${x}`)}: 200`, async () => {})"
    assert.deepEqual(titlesIn(source), new Set(['is kept', 'GET ...: 200']))
    const row = "export const row: Row = {\n  id: 'D0',\n  guarantee:\n    'it lives',\n}"
    const files: Record<string, string> = {
      'a/row.ts': row,
      'a/b.test.ts': "import { row } from './row.ts'\n\ntestRow(row, 2)",
    }
    assert.deepEqual(
      titlesOf('a/b.test.ts', (path) => files[path]!),
      new Set(['D0 it lives']),
    )
    assert.deepEqual(citationsIn('see `test/a.test.ts: "is "kept""`; `test/b.test.ts: "GET ...: 200"`'), [
      { file: 'test/a.test.ts', title: 'is "kept"' },
      { file: 'test/b.test.ts', title: 'GET ...: 200' },
    ])
  })
})

describe('docs/security-asvs.md', () => {
  const text = read('docs/security-asvs.md')
  const rows = rowsIn(text).filter(([id = '']) => /^V\d/.test(id))

  test('has every requirement of the levels 1 and 2 once, and no other', () => {
    const covered = rows.flatMap(([ids = '']) => idsOf(ids))
    assert.deepEqual(covered.toSorted(), ASVS_IDS.toSorted())
  })

  test('says of each how it is met, or that it is not, and counts them', () => {
    const counts = new Map<string, number>([SHOWN, ...VERDICTS].map((verdict) => [verdict, 0]))
    for (const [ids = '', what = '', how = ''] of rows) {
      assert.ok(what !== '', `${ids} says nothing`)
      const verdict = VERDICTS.find((one) => how.startsWith(`${one}: `)) ?? SHOWN
      if (verdict === SHOWN) assert.match(how, /^`test\//, `${ids}: ${how}`)
      else assert.ok(how.length > verdict.length + 10, `${ids} gives no reason`)
      counts.set(verdict, counts.get(verdict)! + idsOf(ids).length)
    }
    const told = new Map(rowsIn(text).map(([how = '', number = '']) => [how, number]))
    for (const [verdict, count] of counts) assert.equal(told.get(verdict), String(count), verdict)
    assert.equal(told.get('all'), String(ASVS_IDS.length))
  })
})

describe('the supply chain', () => {
  test('docs/security.md tells how many packages are in production, and names each direct one', () => {
    const told = /\*\*(\d+) packages\*\* are in production/.exec(security)?.[1]
    assert.equal(told, String(inProduction.length))
    const { dependencies, optionalDependencies } = JSON.parse(read('package.json')) as Record<
      'dependencies' | 'optionalDependencies',
      Record<string, string>
    >
    for (const [name, version] of Object.entries({ ...dependencies, ...optionalDependencies })) {
      assert.match(security, new RegExp(`^\\|.*\`${name}\`.*\\|.*\\|$`, 'm'), `docs/security.md does not name ${name}`)
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} has no exact version`)
    }
  })

  test('no package in production runs a script when it is installed, unless docs/security.md names it', () => {
    const running = inProduction.filter(([, { hasInstallScript }]) => hasInstallScript === true)
    const unnamed = running.map(([path]) => nameOf(path)).filter((name) => !security.includes(`\`${name}\``))
    assert.deepEqual(unnamed, [])
  })

  test('the lockfile names no registry, and has the hash of every package', () => {
    for (const [path, { resolved, integrity }] of packages) {
      assert.equal(resolved, undefined, path)
      assert.match(integrity ?? '', /^sha512-/, path)
    }
  })
})

/** The ids that a cell stands for: `V1.2.3`, all of a section or chapter (`V9.1`), from one to another (`V10.1-V10.7`). */
function idsOf(cell: string): string[] {
  return cell.split(', ').flatMap((part) => {
    const [from = '', to = from] = part.split('-')
    const first = ASVS_IDS.findIndex((id) => isUnder(id, from))
    const last = ASVS_IDS.findLastIndex((id) => isUnder(id, to))
    assert.ok(first !== -1 && last >= first, `${part} is no requirement of the levels 1 and 2`)
    return ASVS_IDS.slice(first, last + 1)
  })
}

function isUnder(id: string, prefix: string): boolean {
  return id === prefix || id.startsWith(`${prefix}.`)
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
}
