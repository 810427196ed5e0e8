import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { sql } from 'kysely'
import { createCustomer } from '../../src/app/customers.ts'
import { createLink } from '../../src/app/links.ts'
import { createPolicy } from '../../src/app/policies.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { onEachEngine } from '../support/stores.ts'
import { Visitor } from '../support/visitor.ts'
import { LONG_AGO } from '../http/answers.ts'

/*
 * The scripts that the contract prints, run by Python with `requests` as they are printed: the host is replaced, and what
 * they leave out (`[...]`, which Python takes for a list) comes before them: the key, and two imports.
 */

const HOST = 'https://api.zego.com'

/** Stands in for `pytz`, which the scripts take `UTC` from, on machines that have none: Python's own zones do the same. */
const PYTZ = `
from zoneinfo import ZoneInfo

class _Zone:
    def __init__(self, name):
        self._zone = ZoneInfo(name)

    def localize(self, naive):
        assert naive.tzinfo is None
        return naive.replace(tzinfo=self._zone)

UTC = _Zone("UTC")
`

type Sample = { readonly method: string; readonly script: string; readonly output: string }

function samplesOf(markdown: string): Sample[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const blocks = [...section.matchAll(/```[a-z]*\n([\s\S]*?)```/g)].map(([, block]) => block!)
      assert.equal(blocks.length, 2, section)
      return { method: section.split('\n')[0]!, script: blocks[0]!, output: blocks[1]! }
    })
}

const SAMPLES = samplesOf(readFileSync(new URL('./samples.md', import.meta.url), 'utf8'))

function why(): string | false {
  const has = (imported: string): boolean => spawnSync('python3', ['-c', `import ${imported}`]).status === 0
  if (!has('sys')) return 'there is no python3: the scripts of the contract are not run'
  if (!has('requests')) return 'python3 has no requests: the scripts of the contract are not run'
  if (!has('pytz') && !has('zoneinfo')) return 'python3 has neither pytz nor zoneinfo: the scripts are not run'
  return false
}

const skip = why()
const hasPytz = spawnSync('python3', ['-c', 'import pytz']).status === 0

onEachEngine('the scripts of the contract', (engine) => {
  let site: TestSite
  let directory: string
  before(async () => {
    site = await openSite(engine)
    directory = mkdtempSync(join(tmpdir(), 'zego-contract-'))
    if (!hasPytz) writeFileSync(join(directory, 'pytz.py'), PYTZ)
    const { context } = site
    const linked = { workProvider: 'Courier Ltd', customerNumber: 'ABC123', workProviderUserId: '12345' }
    await createCustomer(context, { email: 'abc123@example.com', customerNumber: 'ABC123' })
    await createCustomer(context, { email: 'abc12@example.com', customerNumber: 'ABC12' })
    await createLink(context, { ...linked, consentedAt: LONG_AGO })
    await createPolicy(context, {
      customerNumber: 'ABC123',
      classOfUse: 'Carriage of Goods for Hire & Reward',
      coverLevel: 'Third Party (TPO)',
      vehicleRegistration: 'VY7 JC3',
      from: LONG_AGO,
    })
  })
  after(async () => {
    await site.close()
    rmSync(directory, { recursive: true, force: true })
  })

  async function python(program: string, input = ''): Promise<string> {
    const child = spawn('python3', ['-c', program], { env: { ...process.env, PYTHONPATH: directory } })
    child.stdin.end(input)
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
    assert.notEqual(out, '', `${program}\n${err}`)
    return out
  }

  /** What a script of the contract prints, with the host and the key of this server. */
  async function printed(method: string): Promise<{ out: string; output: string }> {
    const { script, output } = SAMPLES.find((sample) => sample.method === method)!
    assert.ok(script.includes(HOST), method)
    const before = `import datetime, json\nAUTHORIZATION_CODE = ${JSON.stringify(site.key)}\n`
    return { out: await python(before + script.replaceAll(HOST, site.url)), output }
  }

  /** A status and a body as they are printed by the scripts that print both. */
  function answerIn(shown: string): { status: number; body: unknown } {
    const body = /^Response body:\s*(.*)$/m.exec(shown)
    return {
      status: Number(/^Response status code:\s+(\d+)$/m.exec(shown)![1]),
      body: body === null ? null : JSON.parse(body[1]!),
    }
  }

  test('are all of the methods that have one', () => {
    assert.deepEqual(
      SAMPLES.map(({ method }) => method),
      [
        'shift/login',
        'shift/logout',
        'batch/login',
        'batch/logout',
        'user/status',
        'validate/customer-number',
        'link-work-provider',
      ],
    )
  })

  for (const method of ['shift/login', 'shift/logout', 'batch/login', 'batch/logout', 'validate/customer-number']) {
    test(`${method}: the status and the JSON that it prints`, { skip }, async () => {
      const { out, output } = await printed(method)
      assert.deepEqual(answerIn(out), answerIn(output))
    })
  }

  test('user/status: the JSON that it prints, field for field and in order', { skip }, async () => {
    const { out, output } = await printed('user/status')
    // It prints a dictionary, and the contract a JSON text with a comment.
    const shown = await python('import ast, json, sys; print(json.dumps(ast.literal_eval(sys.stdin.read())))', out)
    const expected = JSON.parse(output.replaceAll(/ +# .*$/gm, '')) as object
    assert.deepEqual(Object.entries(JSON.parse(shown) as object), Object.entries(expected))
  })

  test(
    'link-work-provider: the address that it prints, and the one that the contract shows, are led on',
    { skip },
    async () => {
      const { out, output } = await printed('link-work-provider')
      const { searchParams } = new URL(out.trim())
      assert.deepEqual(Object.fromEntries(searchParams), {
        work_provider: 'Courier Ltd',
        work_provider_user_id: '123456',
        email: 'driver@example.com',
      })
      // The contract shows another name for the id, and an address that is not encoded.
      for (const url of [out.trim(), output.trim().replace(HOST, site.url)]) {
        const { status, location } = await new Visitor(site).get(url)
        assert.equal(status, 302)
        assert.match(location ?? '', /^\/signup\?link=[0-9a-f-]{36}$/)
      }
    },
  )

  test('what they reported is on disk, by the identities that they name', { skip }, async () => {
    await site.settle()
    const { rows } = await sql`
      select identity_kind as "identityKind", identity, count(*) filter (where kind = 'login') as logins,
        count(*) filter (where kind = 'logout') as logouts
      from event group by 1, 2 order by 1, 2
    `.execute(site.context.db)
    assert.deepEqual(rows, [
      { identityKind: 'customer_number', identity: '1686', logins: 1, logouts: 1 },
      { identityKind: 'customer_number', identity: '8545', logins: 1, logouts: 0 },
      { identityKind: 'user_id', identity: '1686', logins: 1, logouts: 1 },
      { identityKind: 'user_id', identity: '8545', logins: 0, logouts: 1 },
    ])
  })
})
