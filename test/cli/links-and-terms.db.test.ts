import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { termsHash } from '../../src/domain/terms.ts'
import { openSite, type TestSite } from '../support/site.ts'
import { Visitor } from '../support/visitor.ts'
import { zegoHere } from './command.ts'

/* What the insurer's people do for the drivers' pages by the command line, and what the pages make of it. */

let site: TestSite
before(async () => {
  site = await openSite()
})
after(() => site.close())

async function run<T>(args: readonly string[], input?: string): Promise<T> {
  const { code, out, err } = await zegoHere(site, [...args, '--json'], input)
  assert.equal(code, 0, err)
  return JSON.parse(out) as T
}

async function fails(pattern: RegExp, args: readonly string[], input?: string): Promise<void> {
  const { code, out, err } = await zegoHere(site, args, input)
  assert.equal(code, 1, out + err)
  assert.match(err, pattern)
}

const opened = async (url: string): Promise<string> => (await new Visitor(site).get(url)).location!

test('link url makes the link that the site takes, unsigned or signed by the newest secret', async () => {
  const url = [
    'link',
    'url',
    '--work-provider',
    'courier ltd',
    '--work-provider-user-id',
    'a&b = c',
    '--email',
    'x@y.org',
  ]
  assert.match(await opened((await run<{ url: string }>(url)).url), /^\/signup\?link=/)
  await fails(/has no link secret: make one with "zego link-secret create"/, [...url, '--signed-for', 'PT1H'])

  const create = ['link-secret', 'create', '--work-provider', 'Courier Ltd']
  const first = await run<{ id: string; secret: string }>(create)
  await run(create)
  await fails(/has 2 live link secrets: revoke one first/, create)
  const signed = (await run<{ url: string }>([...url, '--signed-for', 'PT1H'])).url
  assert.match(await opened(signed), /^\/signup\?link=/)
  assert.equal(await opened(signed.replace('x%40y.org', 'z%40y.org')), '/link-problem/signature')

  const listed = await run<{ id: string; revokedAt: string | null }[]>(['link-secret', 'list'])
  assert.deepEqual(
    listed.map((one) => one.revokedAt),
    [null, null],
  )
  assert.ok(!JSON.stringify(listed).includes(first.secret))
  for (const { id } of listed) await run(['link-secret', 'revoke', id])
  await fails(/no live link secret/, ['link-secret', 'revoke', first.id])
  assert.equal(await opened(signed), '/link-problem/signature')
})

test('terms add makes the version that people are asked about from then on; none is ever changed', async () => {
  const add = (about: string, version: string, ...more: string[]) => [
    'terms',
    'add',
    '--about',
    about,
    '--terms',
    version,
    '--text-stdin',
    ...more,
  ]
  const text = 'Our new terms\r\n\r\nFirst <b>paragraph</b>.\n\nSecond.\n'
  const added = await run<{ id: string; hash: string; workProvider: string | null }>(add('account', '2026-12'), text)
  const body = 'First <b>paragraph</b>.\n\nSecond.'
  assert.equal(added.hash, termsHash('Our new terms', body).toString('hex'))
  const page = await new Visitor(site).get('/terms')
  assert.match(page.text, /<h1>Our new terms<\/h1>/)
  assert.match(page.text, /<p>First &lt;b&gt;paragraph&lt;\/b&gt;\.<\/p>/)
  await fails(/version 2026-12 of these terms exists/, add('account', '2026-12'), text)
  await fails(/a title on the first line, and text below it/, add('account', '2027'), 'Only a title')
  await fails(/--about is account or link/, add('else', '1'), text)
  await fails(
    /the terms of an account are of no work provider/,
    add('account', '9', '--work-provider', 'Courier Ltd'),
    text,
  )
  await run(add('link', '7', '--work-provider', 'Courier Ltd'), text)
  const all = await run<{ about: string; workProvider: string | null; version: string }[]>(['terms', 'list'])
  assert.deepEqual(
    all.map((one) => [one.about, one.workProvider, one.version]),
    [
      ['account', null, '1'],
      ['account', null, '2026-12'],
      ['link', null, '1'],
      ['link', 'Courier Ltd', '7'],
    ],
  )
})
