import { readFileSync, writeFileSync } from 'node:fs'
import { openApiDocument } from '../src/http/openapi/document.ts'

/* Writes `openapi.json`, which describes the work-provider API; with `--check` only says whether it is up to date. */
const FILE = new URL('../openapi.json', import.meta.url)
const text = `${JSON.stringify(openApiDocument(), null, 2)}\n`

if (!process.argv.includes('--check')) {
  writeFileSync(FILE, text)
} else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('openapi.json is not what the API is: run "npm run openapi"')
  process.exitCode = 1
}
