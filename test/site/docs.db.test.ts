import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { createTestKey } from '../../src/app/api-keys.ts'
import { sql } from 'kysely'
import { addEndpoint, dropEndpoint, rotateSecret } from '../../src/app/webhooks.ts'
import { deliverDue, tryEndpoint } from '../../src/app/deliver.ts'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { createLinkSecret } from '../../src/app/link-secrets.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { ERRORS, errorCode } from '../../src/domain/errors.ts'
import type { Instant } from '../../src/domain/instant.ts'
import { RETRY_SECONDS } from '../../src/domain/webhook.ts'
import { FEED_TYPES } from '../../src/domain/feed.ts'
import { DOCS_PAGES } from '../../src/web/docs/pages.ts'
import {
  KEY_PLACE,
  type Language,
  LANGUAGES,
  program,
  type Sample,
  SAMPLES,
  TEST_SAMPLES,
} from '../../src/web/docs/samples.ts'
import { RECEIVER_PORT, WEBHOOK_SECRET_PLACE } from '../../src/web/docs/webhook-samples.ts'
import { freePort } from '../../scripts/cluster.ts'
import { waitFor } from '../faults/harness.ts'
import { tellNews } from '../support/feed.ts'
import { DOCUMENT, resolve } from '../support/openapi.ts'
import { TABLE } from '../support/sandbox-table.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { Visitor } from '../support/visitor.ts'

/* What integrators read is what the server does: every code sample is run as it stands on the page. */

const SECRET_PLACE = 'YOUR_LINK_SECRET'
const hasPython = spawnSync('python3', ['-c', 'import requests']).status === 0
const withoutPython = !hasPython && 'python3 with requests is not there: its samples are not run'

type Shown = { readonly language: string; readonly code: string }

describe('the documents for work providers', () => {
  let site: TestSite
  let directory: string
  before(async () => {
    site = await openSite()
    directory = mkdtempSync(join(tmpdir(), 'zego-docs-'))
    const { context } = site
    const from = (context.now() - 1_000_000) as Instant
    await createCustomer(context, { customerNumber: 'ABC123', email: 'ada@example.com' })
    await createLink(context, { workProvider: 'Courier Ltd', customerNumber: 'ABC123', consentedAt: from })
    await createPolicy(context, { customerNumber: 'ABC123', classOfUse: 'Delivery', coverLevel: 'TPO', from })
  })
  after(async () => {
    await site.close()
    rmSync(directory, { recursive: true, force: true })
  })

  async function read(path: string): Promise<string> {
    const answer = await new Visitor(site).get(path)
    assert.equal(answer.status, 200, path)
    return answer.text
  }

  function plain(markup: string): string {
    const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" }
    return markup.replaceAll(/<[^>]+>/g, '').replaceAll(/&(lt|gt|quot|amp|#39);/g, (_, name: string) => named[name]!)
  }

  async function codeOn(path: string): Promise<Shown[]> {
    const pattern = /<pre\s+tabindex="0"\s+data-language="([\w-]+)"[^>]*>([\s\S]*?)<\/pre\s*>/g
    return [...(await read(path)).matchAll(pattern)].map(([, language, code]) => ({
      language: language!,
      code: plain(code!).trim(),
    }))
  }

  /** Runs a program as its reader would; what it prints. */
  async function run(language: string, code: string): Promise<string> {
    const [command, ...args] = commandOf(language, code)
    const child = spawn(command!, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    assert.ok(out !== '', `${language} prints nothing:\n${code}\n${err}`)
    return out
  }

  function commandOf(language: string, code: string): string[] {
    if (language === 'curl') return ['bash', '-c', code]
    if (!language.startsWith('typescript')) return ['python3', '-c', code]
    const file = join(directory, 'sample.ts')
    writeFileSync(file, `${code}\nexport {}\n`)
    return [process.execPath, file]
  }

  test('are all there, and lead to nothing that is not', async () => {
    for (const { path } of DOCS_PAGES) {
      const page = await read(path)
      for (const [, target] of page.matchAll(/href="(\/docs[^"#]*)(?:#([^"]+))?"/g)) await read(target!)
      for (const [, target = '', anchor = ''] of page.matchAll(/href="(\/docs[^"#]*)?#([^"]+)"/g)) {
        const led = target === '' ? page : await read(target)
        assert.ok(anchor === 'main' || led.includes(`id="${anchor}"`), `${path}: ${target}#${anchor}`)
      }
    }
  })

  test('tell of every call its fields and what it is answered with', async () => {
    const page = await read('/docs/calls')
    for (const [path, operations] of Object.entries(DOCUMENT.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const id = `${method}${path}`.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
        const section = page.split(`aria-labelledby="${id}"`)[1]?.split('</section>')[0]
        assert.ok(section !== undefined, `${method} ${path}`)
        const words = plain(section)
        assert.ok(words.includes(`${method.toUpperCase()} ${path}`), path)
        for (const { name } of operation.parameters ?? []) assert.ok(words.includes(name), `${path}: ${name}`)
        for (const status of Object.keys(operation.responses)) {
          assert.ok(section.includes(`<dt><code>${status}</code></dt>`), `${path}: ${status}`)
        }
      }
    }
    const report = plain(page.split('aria-labelledby="post-v1-shift-login"')[1]!.split('</section>')[0]!)
    const { value } = resolve<{ properties: object }>('/components/schemas/Report')
    for (const name of Object.keys(value.properties)) assert.ok(report.includes(name), name)
  })

  test('tell of every error why, and what to do', async () => {
    const page = plain(await read('/docs/errors'))
    for (const [name, { status }] of Object.entries(ERRORS)) {
      if (name === 'FORBIDDEN') continue
      assert.ok(page.includes(`${status} ${errorCode(name as keyof typeof ERRORS)}`), name)
    }
  })

  test('have a sample of each call in each language', async () => {
    const shown = new Set((await codeOn('/docs/calls')).map(({ code }) => code))
    for (const sample of Object.values(SAMPLES)) {
      for (const language of LANGUAGES) assert.ok(shown.has(program(language, site.url, sample)), sample.path)
    }
    const calls = Object.keys(DOCUMENT.paths).filter((path) =>
      /^\/v1\/(?:shift|batch|match|user\/status|feed)/.test(path),
    )
    for (const path of calls) assert.ok(path in SAMPLES, path)
  })

  const languages: readonly { language: Language; skip: string | false }[] = LANGUAGES.map((language) => ({
    language,
    skip: language === 'python' && withoutPython,
  }))
  for (const { language, skip } of languages) {
    test(`every sample in ${language} runs as it stands, and is answered as it says`, { skip }, async () => {
      const samples = [...(await codeOn('/docs')), ...(await codeOn('/docs/calls'))]
      await runAll(language, samples, SAMPLES, site.key)
    })

    test(`every sample of testing in ${language} runs as it stands with a test key`, { skip }, async () => {
      const { key } = await createTestKey(site.context, 'Courier Ltd')
      await runAll(language, await codeOn('/docs/testing'), TEST_SAMPLES, key)
    })
  }

  async function runAll(
    language: Language,
    shown: readonly Shown[],
    samples: Readonly<Record<string, Sample>>,
    key: string,
  ): Promise<void> {
    const codes = new Set(shown.filter((one) => one.language === language).map(({ code }) => code))
    assert.equal(codes.size, Object.keys(samples).length)
    for (const code of codes) {
      const expected = Object.values(samples).find((sample) => program(language, site.url, sample) === code)!
      const out = await run(language, code.replaceAll(KEY_PLACE, key))
      assert.match(out, new RegExp(`^(?:HTTP/1.1 )?${expected.status}\\b`), `${code}\n${out}`)
    }
  }

  test('tell of each test customer what it answers', async () => {
    const page = plain((await read('/docs/testing')).replaceAll('</td>', ' ')).replaceAll(/\s+/g, ' ')
    for (const { customerNumber, userId, email, status } of TABLE) {
      assert.ok(page.includes(`${customerNumber} ${userId} ${email ?? 'none'} `), customerNumber)
      const validated = email === null ? '404 INVALID_CUSTOMER' : '204'
      const became = email === null ? 'parked' : 'matched'
      const word = status === null ? '404 INVALID_CUSTOMER' : `200 ${(JSON.parse(status) as { status: string }).status}`
      const answers = `${customerNumber} ${word} ${validated} 202, ${became}`
      assert.ok(page.includes(answers), answers)
      if (status !== null) assert.ok(page.includes(status), status)
    }
  })

  test('the program that signs a link makes one that is taken as signed', { skip: withoutPython }, async () => {
    const { secret } = await createLinkSecret(site.context, 'Courier Ltd')
    const [signing] = (await codeOn('/docs/linking')).filter(({ language }) => language === 'python-signing')
    const link = (await run('python', signing!.code.replaceAll(SECRET_PLACE, secret))).trim()
    const opened = await new Visitor(site).get(link)
    assert.match(opened.location ?? '', /^\/(?:signup|welcome)/)
    const forged = await new Visitor(site).get(link.replace('1686', '1687'))
    assert.match(forged.location ?? '', /^\/link-problem\//)
  })

  const tell = (count: number): Promise<void> => tellNews(site.context, site.workProviderId, count)

  test('tell of every type that is told when, with its fields and an example', async () => {
    const page = await read('/docs/webhooks')
    for (const type of FEED_TYPES) {
      const section = plain(
        page.split(`aria-labelledby="${type.replaceAll(/[._]/g, '-')}"`)[1]?.split('</section>')[0] ?? '',
      )
      const { post } = DOCUMENT.webhooks[type]!
      assert.ok(section.includes(post.description!.replaceAll('`', '')), type)
      const { schema, examples } = post.requestBody!.content['application/json']!
      const { data } = (schema as unknown as { properties: { data: { properties: object } } }).properties
      for (const name of Object.keys(data.properties)) assert.ok(section.includes(name), `${type}: ${name}`)
      const { value } = Object.values(examples!)[0] as { value: { data: object } }
      assert.ok(section.includes(JSON.stringify(value.data, null, 2)), type)
    }
    assert.deepEqual(Object.keys(DOCUMENT.webhooks), [...FEED_TYPES])
    const waits = ['5 s', '5 min', '30 min', '2 h', '5 h', '10 h', '14 h', '18 h', '24 h']
    assert.equal(waits.length, RETRY_SECONDS.length)
    assert.ok(
      plain(page)
        .replaceAll(/\s+/g, ' ')
        .includes(`after ${waits.join(', ')},`),
    )
  })

  for (const { language, skip } of [
    { language: 'python', skip: withoutPython },
    { language: 'typescript', skip: false },
  ]) {
    test(
      `the program in ${language} that reads the feed takes each entry once, over pages and starts`,
      { skip },
      async () => {
        const [reader] = (await codeOn('/docs/webhooks')).filter((one) => one.language === `${language}-feed`)
        const code = reader!.code.replaceAll(KEY_PLACE, site.key)
        const numbers: number[] = []
        const readOn = async (): Promise<number> => {
          const out = await run(language, code)
          numbers.push(...[...out.matchAll(/^(\d+) [a-z_]+\.[a-z_]+ /gm)].map(([, number]) => Number(number)))
          return Number(/^read up to (\d+)\n$/m.exec(out)?.[1])
        }
        rmSync(join(directory, 'zego-feed-number'), { force: true })
        await readOn()
        await tell(1_001)
        const last = await readOn()
        assert.deepEqual(
          numbers,
          Array.from({ length: last }, (_, index) => index + 1),
        )
        assert.equal(await readOn(), last)
        await tell(1)
        assert.equal(await readOn(), last + 1)
        assert.deepEqual(
          numbers,
          Array.from({ length: last + 1 }, (_, index) => index + 1),
        )
      },
    )
  }

  /** Runs a program that takes webhooks, as its reader would, while something is done; what it prints. */
  async function whileReceiving(
    language: string,
    { secret, port }: { secret: string; port: number },
    doing: () => Promise<void>,
  ): Promise<string> {
    const [receiver] = (await codeOn('/docs/webhooks')).filter((one) => one.language === `${language}-receiving`)
    const code = receiver!.code.replaceAll(WEBHOOK_SECRET_PLACE, secret).replaceAll(String(RECEIVER_PORT), String(port))
    const [command, ...args] = commandOf(language, code)
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    const printed = text(child.stdout)
    try {
      await doing()
    } finally {
      child.kill()
    }
    return printed
  }

  for (const { language, skip } of [
    { language: 'python', skip: withoutPython },
    { language: 'typescript', skip: false },
  ]) {
    test(
      `the program in ${language} that takes webhooks takes what is sent, and nothing forged`,
      { skip },
      async () => {
        const port = await freePort()
        const url = `http://127.0.0.1:${port}/`
        const endpoint = await addEndpoint(site.context, { workProvider: 'Courier Ltd', url })
        const tried = (): Promise<unknown> => tryEndpoint(site.context, endpoint.id)
        const taken = { kind: 'answered', status: 202, body: '' }
        const refused = { kind: 'answered', status: 401, body: '' }
        const out = await whileReceiving(language, { secret: endpoint.secret, port }, async () => {
          await waitFor('it to listen', async () => ((await tried()) as { kind: string }).kind === 'answered')
          assert.deepEqual(await tried(), taken)
          await tell(2)
          while ((await deliverDue(site.context)) > 0) continue
          const forged = await fetch(`http://127.0.0.1:${port}/`, {
            method: 'POST',
            body: '{"type":"forged","id":"1"}',
          })
          assert.equal(forged.status, 401)
          const rotated = await rotateSecret(site.context, endpoint.id, 1)
          assert.deepEqual(await tried(), taken, 'the old secret signs too')
          await rotateSecret(site.context, endpoint.id, 0)
          assert.deepEqual(await tried(), refused, 'signed with other secrets')
          await sql`update webhook_secret set ends_at = null where secret <> ${rotated.secret}`.execute(site.context.db)
          assert.deepEqual(await tried(), taken)
          for (const change of [
            { now: () => (site.context.now() - 301_000_000) as Instant },
            { now: () => (site.context.now() + 302_000_000) as Instant },
          ]) {
            assert.deepEqual(await tryEndpoint({ ...site.context, ...change }, endpoint.id), refused)
          }
          const { outgoing } = site.context
          for (const [from, to] of [
            ['webhook.test', 'webhook.best'],
            ['"data":{}', '"data":{} '],
          ] as const) {
            const forging: typeof outgoing = {
              mayBePlain: true,
              post: (message, signal) => outgoing.post({ ...message, body: message.body.replace(from, to) }, signal),
            }
            assert.deepEqual(await tryEndpoint({ ...site.context, outgoing: forging }, endpoint.id), refused)
          }
        })
        assert.deepEqual(
          [...out.matchAll(/^(link\.created|(?!webhook\.test).*) \S+$/gm)].map(([, type]) => type),
          ['link.created', 'link.created'],
        )
        await dropEndpoint(site.context, endpoint.id)
      },
    )
  }
})
