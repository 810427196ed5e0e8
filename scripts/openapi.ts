import { readFileSync, writeFileSync } from 'node:fs'
import { openApiDocument } from '../src/http/openapi/document.ts'
import { postmanCollection } from './postman.ts'

/*
 * Writes `openapi.json`, which describes the work-provider API, and the Postman collection that is made of it; with
 * `--check` only says whether they are up to date.
 */
const document = JSON.parse(JSON.stringify(openApiDocument())) as Parameters<typeof postmanCollection>[0]
const FILES = { 'openapi.json': document, 'docs/zego.postman_collection.json': postmanCollection(document) }

for (const [name, content] of Object.entries(FILES)) {
  const file = new URL(`../${name}`, import.meta.url)
  const text = `${JSON.stringify(content, null, 2)}\n`
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text)
  } else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} is not what the API is: run "npm run openapi"`)
    process.exitCode = 1
  }
}
