import assert from 'node:assert/strict'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Command } from 'commander'
import type { Cli } from '../../src/cli/cli.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { ENGINE_MAJOR } from '../../src/storage/embedded/embedded.ts'
import { STAFF_PAGES } from '../../src/web/staff/pages.ts'
import { rowsIn } from '../docs/citations.ts'
import { read, ROOT, variablesOfTheProgram } from './files.ts'

/* docs/operations.md is read when something is wrong: what it names has to be there. */

const text = read('docs/operations.md')
/** What is typed; what the program answers stands in blocks without a language. */
const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!)
const spans = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!)
const code = [...blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n')), ...spans]

describe('docs/operations.md', () => {
  test('names commands of zego, and options that they have', async () => {
    const program = await buildProgram({ version: '0' } as Cli)
    const begun = /(?:^|&& |[A-Z_]=\S+ |--rm |exec zego )(?:zegoctl|zego|tools) ([a-z][^;|&)]*)/g
    const named = code.flatMap((line) => [...line.matchAll(begun)])
    const lines = named.map(([, rest]) => rest!.trim().split(/\s+/))
    assert.ok(lines.length > 30)
    for (const words of lines) {
      const command = commandOf(program, words)
      assert.notEqual(command, program, `zego ${words.join(' ')}`)
      for (const option of words.filter((word) => word.startsWith('--'))) {
        const options = command.options.map((one) => one.long)
        assert.ok(options.includes(option), `zego ${words.join(' ')} has no ${option}, only ${options.join(' ')}`)
      }
    }
  })

  test('names variables that the program has', () => {
    const set = code.flatMap((line) => [...line.matchAll(/(?:^|[\s'n])([A-Z][A-Z_]+)=/g)].map(([, name]) => name!))
    const known = variablesOfTheProgram()
    for (const limit of Object.values(LIMITS)) assert.ok(known.has(limit.variable))
    const mentioned = spans.filter((span) => /^[A-Z]+_[A-Z_]+$/.test(span))
    assert.ok(set.length > 5 && mentioned.length > 3)
    for (const name of [...set, ...mentioned]) assert.ok(known.has(name), name)
  })

  test('names files of this repository that are there, and pages of the desk', () => {
    const paths = code.flatMap((line) => [...line.matchAll(/(?<![\w./-])((?:\/opt\/zego\/)?deploy\/[\w@./*-]*)/g)])
    assert.ok(paths.length > 15)
    for (const [, path] of paths) {
      const own = path!.replace('/opt/zego/', '')
      if (/^deploy\/(\.env|secrets)/.test(own)) continue
      assert.ok(globSync(own, { cwd: ROOT }).length > 0, own)
    }
    const links = [...text.matchAll(/\]\(([\w./-]+)(?:#[\w-]+)?\)/g)].map(([, path]) => path!)
    for (const path of links) assert.ok(existsSync(join(ROOT, 'docs', path)), path)
    const pages = STAFF_PAGES.map((page) => page.path)
    for (const path of spans.filter((span) => span.startsWith('/staff/'))) assert.ok(pages.includes(path), path)
  })

  test('leads to headings that are there', () => {
    const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading!.toLowerCase().replaceAll(' ', '-'))
    for (const [, anchor] of text.matchAll(/\]\(#([\w-]+)\)/g)) assert.ok(headings.includes(anchor!), anchor!)
  })

  test('has every line that the program logs as a warning or an error, with its level, and no other', () => {
    const logged = globSync('src/**/*.ts', { cwd: ROOT }).flatMap((path) =>
      [...read(path).matchAll(/log\.(warn|error)\(\s*\{[^}]*\},\s*'([^']+)',?\s*\)/g)].map(
        ([, level, message]) => `${message}: ${level}`,
      ),
    )
    const told = rowsIn(text)
      .filter((cells) => cells[1] === 'warn' || cells[1] === 'error')
      .map(([message, level]) => `${message!.replaceAll('`', '')}: ${level}`)
    assert.deepEqual(told.sort(), [...new Set(logged)].sort())
  })

  test('quotes what the program says', () => {
    const source = globSync('src/**/*.ts', { cwd: ROOT })
      .map((path) => read(path))
      .join('\n')
    for (const words of [
      'the database was migrated by a newer zego (it has ',
      ', and this zego has PostgreSQL ',
      'back it up with the zego that made it ("zego backup FILE"), and restore that with this one into another DATA_DIR ',
      'another process has the data directory ',
      'too many reports wait for the disk',
      'It has fallen silent: nothing came since ',
      'No difference',
    ]) {
      assert.ok(text.includes(words), `the document: ${words}`)
      assert.ok(source.includes(words), `the program: ${words}`)
    }
    assert.ok(text.includes(`The embedded engine is PostgreSQL ${ENGINE_MAJOR},`))
  })
})

/** The command that the words begin with, as deep as they go. */
function commandOf(program: Command, [first, ...rest]: readonly string[]): Command {
  const found = program.commands.find((command) => command.name() === first)
  return found === undefined ? program : commandOf(found, rest)
}
