import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import { verifyWebhook, WebhookError, type WebhookHeaders } from '../../clients/typescript/src/index.ts'

/* verifyWebhook beside the package of Standard Webhooks: what the one takes the other takes. */

const KEY = Buffer.from('a key of twenty-five bytes')
const SECRET = `whsec_${KEY.toString('base64')}`
const OTHER = `whsec_${Buffer.from('another').toString('base64')}`
const NOW_MS = 1_751_810_400_500

type Signed = { readonly headers: Record<string, string>; readonly body: string }

function sign(body: string, { secret = SECRET, id = 'an id', atMs = NOW_MS } = {}): Signed {
  const signature = new Webhook(secret).sign(id, new Date(atMs), body)
  const seconds = String(Math.floor(atMs / 1_000))
  return { headers: { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature }, body }
}

const verify = (signed: { headers: WebhookHeaders; body: string | Uint8Array }, secrets: string | string[] = SECRET) =>
  verifyWebhook(secrets, signed.headers, signed.body, { now: () => NOW_MS })

const refused = (signed: { headers: WebhookHeaders; body: string | Uint8Array }, why: RegExp, secrets = [SECRET]) =>
  assert.rejects(verify(signed, secrets), (error) => error instanceof WebhookError && why.test(error.message))

describe('verifyWebhook', () => {
  it('takes the message that Standard Webhooks prints', async () => {
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const now = (): number => 1_614_265_330_000
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
    assert.deepEqual(await verifyWebhook(secret, headers, '{"test": 2432232314}', { now }), { test: 2432232314 })
    await assert.rejects(verifyWebhook(secret, headers, '{"test": 2432232315}', { now }), WebhookError)
  })

  it('takes what the package signs, whatever is in it, as text or bytes, by any of the secrets', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.json(),
        fc.string({ minLength: 1 }).filter((id) => id.trim() !== ''),
        async (body, id) => {
          const signed = sign(body, { id })
          const expected: unknown = JSON.parse(body)
          assert.deepEqual(await verify(signed), expected)
          assert.deepEqual(await verify({ ...signed, body: Buffer.from(body) }, [OTHER, SECRET]), expected)
        },
      ),
    )
  })

  it('refuses what was changed, by one character of the body, id, time or signature', async () => {
    const { headers, body } = sign('{"type":"shift.opened"}')
    for (const name of Object.keys(headers)) {
      const value = headers[name]!
      // Not the last character before the padding: it has bits that mean nothing.
      for (let at = 0; at < value.length - 2; at++) {
        const changed = `${value.slice(0, at)}${value[at] === '4' ? '5' : '4'}${value.slice(at + 1)}`
        await assert.rejects(verify({ headers: { ...headers, [name]: changed }, body }), WebhookError, changed)
      }
    }
    for (let at = 0; at < body.length; at++) {
      await refused({ headers, body: `${body.slice(0, at)}x${body.slice(at + 1)}` }, /no signature fits/)
    }
    await refused({ headers, body: `${body} ` }, /no signature fits/)
    await refused({ headers, body }, /no signature fits/, [OTHER])
    await refused({ headers, body }, /no signature fits/, [])
  })

  it('takes any of several signatures, and passes over those that it does not know', async () => {
    const { headers, body } = sign('{}')
    const other = sign('{}', { secret: OTHER }).headers['webhook-signature']!
    const own = headers['webhook-signature']!
    const signedBy = (signatures: string) => ({ headers: { ...headers, 'webhook-signature': signatures }, body })
    for (const good of [`${other} ${own}`, `${own} ${other}`, `v1a,AAAA v2,x v1,? ${own}`, ` ${own} `]) {
      assert.deepEqual(await verify(signedBy(good)), {}, good)
    }
    for (const bad of [
      other,
      own.replace('v1,', 'v2,'),
      own.slice(3),
      own.replace('v1,', 'V1,'),
      `${own}x`,
      'v1,',
      ' ',
    ]) {
      await assert.rejects(verify(signedBy(bad)), WebhookError, bad)
    }
  })

  it('takes five minutes of difference, either way, and not a second more', async () => {
    const at = Math.floor(NOW_MS / 1_000)
    for (const seconds of [at - 299, at, at + 300]) await verify(sign('{}', { atMs: seconds * 1_000 }))
    for (const seconds of [at - 300, at + 301, 0]) {
      await refused(sign('{}', { atMs: seconds * 1_000 }), /more than 300 s from now/)
    }
    const { headers, body } = sign('{}')
    for (const time of ['x', '-1', '1e9', '0x10', `${at}.5`, ` ${at}`, 'NaN', 'Infinity', '9'.repeat(400)]) {
      await refused({ headers: { ...headers, 'webhook-timestamp': time }, body }, /no time/)
    }
  })

  it('takes headers as servers have them, and refuses where one is missing, empty or there twice', async () => {
    const { headers, body } = sign('{}')
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]))
    for (const given of [headers, new Headers(headers), upper]) await verify({ headers: given, body })
    for (const name of Object.keys(headers)) {
      const { [name]: value, ...others } = headers
      await refused({ headers: others, body }, new RegExp(name))
      await refused({ headers: new Headers(others), body }, new RegExp(name))
      await refused({ headers: { ...others, [name]: '' }, body }, new RegExp(name))
      await refused({ headers: { ...others, [name]: [value!, value!] }, body }, new RegExp(name))
    }
  })

  it('takes a request of node:http as it comes', async () => {
    const verified = Promise.withResolvers<unknown>()
    const server = createServer(async (request, response) => {
      verified.resolve(await verify({ headers: request.headers, body: await buffer(request) }).catch(String))
      response.end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { headers, body } = sign('{"ü":"€"}')
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { method: 'POST', headers, body })
    server.close()
    server.closeAllConnections()
    assert.deepEqual(await verified.promise, { ü: '€' })
  })

  it('is not set up with a secret that is none', async () => {
    for (const secret of ['', 'whsec_', 'whsec_not base64!']) {
      await assert.rejects(verify(sign('{}'), [SECRET, secret]), TypeError, secret)
    }
    await verify(sign('{}'), [SECRET.slice('whsec_'.length)])
  })
})
