import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { findTestServer } from './postgres.ts'
import { removeWorkDirectory, useWorkDirectory } from './work-directory.ts'

/*
 * node scripts/with-server.ts ARGS...: runs Node with these arguments, a temporary directory of its own and, in
 * TEST_DATABASE_URL, a PostgreSQL server. Says aloud when there is none; in CI there has to be one. Tests on a Citus
 * cluster need the URL of its coordinator in CITUS_URL (scripts/citus-cluster.ts makes one).
 */
useWorkDirectory()
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

if (process.env['CITUS_URL'] === undefined) {
  console.log('LEFT OUT: every test on a Citus cluster. CITUS_URL is not set.')
}

const environment = {
  ...process.env,
  // Many tests start the program: it need not be compiled each time.
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/compile/', import.meta.url)),
  ...(server === null ? {} : { TEST_DATABASE_URL: server.url }),
}
const child = spawn(process.execPath, process.argv.slice(2), { stdio: 'inherit', env: environment })
// Told to stop, it stays until the tests have stopped, to put away what it made.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
const [code] = (await once(child, 'exit')) as [number | null]
await server?.stop()
removeWorkDirectory()
if (server === null) console.log(leftOut)
process.exit(code ?? 1)
