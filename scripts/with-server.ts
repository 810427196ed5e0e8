import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findTestServer } from './postgres.ts'

/*
 * node scripts/with-server.ts ARGS...: runs Node with these arguments and, in TEST_DATABASE_URL, a PostgreSQL server.
 * Says aloud when there is none; in CI there has to be one.
 */
const server = await findTestServer()
const leftOut = 'LEFT OUT: every test on a PostgreSQL server.'
if (server !== null) {
  console.log(`PostgreSQL server for the tests: ${server.from}`)
} else if (process.env['CI'] === 'true') {
  console.error('There is no PostgreSQL server for the tests, and in CI there has to be one.')
  process.exit(1)
} else {
  console.log(`${leftOut} None answers, and its programs are not installed.`)
  console.log('          Set TEST_DATABASE_URL, or install PostgreSQL 15 or later. The embedded engine is tested.')
}

const environment = {
  ...process.env,
  // Many tests start the program: it need not be compiled each time.
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compile/', import.meta.url)),
  ...(server === null ? {} : { TEST_DATABASE_URL: server.url }),
}
const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit', env: environment })
const [code] = (await once(child, 'exit')) as [number | null]
await server?.stop()
if (server === null) console.log(leftOut)
process.exit(code ?? 1)
