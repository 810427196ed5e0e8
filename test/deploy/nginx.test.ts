import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LIMITS } from '../../src/domain/limits.ts'
import { missing, only, read, withoutComments } from './files.ts'
import { checkNginx } from './nginx.ts'

const KIBIBYTE = 1024
const MEBIBYTE = 1024 * KIBIBYTE
const config = withoutComments(read('deploy/nginx/zego.conf'))
const UPSTREAMS = ['deploy/nginx/upstream.conf', 'deploy/nginx/upstream-compose.conf']

describe('the example of nginx', () => {
  test('takes as long a body, as long headers and as much time as the program', () => {
    assert.equal(Number(only(config, /client_max_body_size (\d+)m;/)) * MEBIBYTE, LIMITS.bodyBytes.standard)
    assert.equal(Number(only(config, /large_client_header_buffers 4 (\d+)k;/)) * KIBIBYTE, LIMITS.headerBytes.standard)
    assert.equal(Number(only(config, /client_header_timeout (\d+)s;/)) * 1000, LIMITS.headersMs.standard)
    assert.equal(Number(only(config, /client_body_timeout (\d+)s;/)) * 1000, LIMITS.requestMs.standard)
  })

  test('keeps connections to the program, and closes them before it does', () => {
    for (const path of UPSTREAMS) {
      const upstream = withoutComments(read(path))
      assert.match(upstream, /^upstream zego \{$/m)
      for (const [server] of upstream.matchAll(/server .*$/gm)) assert.match(server, / max_fails=0;$/)
      assert.ok(Number(only(upstream, /keepalive_timeout (\d+)s;/)) * 1000 < LIMITS.keepAliveMs.standard)
    }
    assert.match(config, /proxy_http_version 1\.1;\s+proxy_set_header Connection "";/)
  })

  test('sends a POST to another process under /v1/ alone, and an event stream to none', () => {
    const repeated = [...config.matchAll(/^ *location ([^{]+) \{(?:[^}]*)non_idempotent/gm)].map(([, path]) => path)
    assert.deepEqual(repeated, ['/v1/'])
    assert.match(config, /location = \/staff\/live\/events \{[^}]*proxy_buffering off;[^}]*proxy_next_upstream off;/)
  })

  test('logs no query, and no token of a mailed link', () => {
    assert.doesNotMatch(config, /\$(request|request_uri|uri|args|query_string|http_referer)\b(?!;)[^;]*'/)
    for (const [, format] of config.matchAll(/access_log \S+ (\S+);/g)) assert.equal(format, 'zego')
    for (const [, level] of config.matchAll(/error_log \S+ (\S+);/g)) assert.equal(level, 'crit')
  })
})

describe('nginx -t', { skip: missing('nginx') }, () => {
  for (const path of UPSTREAMS) {
    test(`takes it, with ${path}`, async () => assert.equal(await checkNginx(read(path)), ''))
  }
})
