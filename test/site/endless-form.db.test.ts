import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { GreedyClient, sendForEver } from '../support/greedy-client.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { Visitor } from '../support/visitor.ts'
import { POST_PATTERNS } from './driver-world.ts'

const MIB = 1024 * 1024

describe('B7 a form that never ends', { concurrency: 4 }, () => {
  let site: TestSite
  before(async () => {
    site = await openSite('embedded', { headersMs: 1_000, requestMs: 1_500 }, { checkEveryMs: 20, lingerMs: 100 })
  })
  after(() => site.close())

  for (const pattern of POST_PATTERNS) {
    for (const isOwn of [true, false]) {
      it(`POST ${pattern}, ${isOwn ? 'as from our own pages' : 'from another site'}: refused, then cut off; nothing of it is kept`, async () => {
        const port = Number(new URL(site.url).port)
        const client = new GreedyClient(port, { isRude: true })
        const lines = [
          `POST ${pattern.replaceAll(/:\w+/g, 'a')} HTTP/1.1`,
          'Host: a',
          'Accept: text/html',
          'Content-Type: application/x-www-form-urlencoded',
          `Origin: ${isOwn ? site.url : 'https://evil.example'}`,
          'Transfer-Encoding: chunked',
        ]
        await client.write(`${lines.join('\r\n')}\r\n\r\n`)
        const { mebibytes, grown } = await sendForEver(client, async () => {
          assert.equal((await new Visitor(site).get('/login')).status, 200)
        })
        assert.ok(grown < 64 * MIB, `${grown} bytes were held of ${mebibytes} MiB`)
        assert.ok(!/^HTTP\/1\.1 [235]/.test(client.text), client.text.slice(0, 300))
        assert.equal((await new Visitor(site).get('/login')).status, 200)
      })
    }
  }
})
