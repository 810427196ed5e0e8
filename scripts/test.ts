import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { findTestServer } from './postgres.ts'

/*
 * npm test [-- files]: all tests, on the embedded engine and, where a PostgreSQL server can be had, on that. In CI the
 * second is not optional.
 */
/** Most tests wait for a disk or a child process: two at once keep two cores busy. */
const FILES_AT_ONCE = 2

const isCi = process.env['CI'] === 'true'
const server = await findTestServer()
if (server !== null) {
  console.log(`PostgreSQL server for the tests: ${server.from}`)
} else if (isCi) {
  console.error('There is no PostgreSQL server for the tests, and in CI there has to be one.')
  process.exit(1)
} else {
  console.log('LEFT OUT: every test on a PostgreSQL server. None answers, and its programs are not installed.')
  console.log('          Set TEST_DATABASE_URL, or install PostgreSQL 15 or later. The embedded engine is tested.')
}

const files = process.argv.length > 2 ? process.argv.slice(2) : globSync('test/**/*.test.ts').sort()
const environment = {
  ...process.env,
  // Many tests start the program: it need not be compiled each time.
  NODE_COMPILE_CACHE: new URL('../node_modules/.cache/compile/', import.meta.url).pathname,
  ...(server === null ? {} : { TEST_DATABASE_URL: server.url }),
}
const runner = spawn(
  process.execPath,
  ['--test', '--test-reporter=spec', `--test-concurrency=${FILES_AT_ONCE}`, ...files],
  {
    stdio: 'inherit',
    env: environment,
  },
)
const [code] = (await once(runner, 'exit')) as [number | null]
await server?.stop()
if (server === null) console.log('LEFT OUT, as said above: the tests on a PostgreSQL server.')
process.exit(code ?? 1)
