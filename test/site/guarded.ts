import assert from 'node:assert/strict'

type Headers = { get(name: string): string | null }

/** What every page and redirect tells browsers and caches. */
export function assertGuarded(headers: Headers, what: string): void {
  const policy = new Map(
    (headers.get('content-security-policy') ?? '').split(';').map((directive) => {
      const [name = '', ...sources] = directive.trim().split(/\s+/)
      return [name, sources.join(' ')]
    }),
  )
  assert.equal(policy.get('frame-ancestors'), "'none'", what)
  assert.equal(policy.get('default-src'), "'none'", what)
  assert.equal(policy.get('base-uri'), "'none'", what)
  assert.equal(policy.get('form-action'), "'self'", what)
  for (const [name, sources] of policy) assert.doesNotMatch(sources, /unsafe-|\*|http/, `${what}: ${name}`)
  assert.equal(headers.get('x-frame-options'), 'DENY', what)
  assert.equal(headers.get('x-content-type-options'), 'nosniff', what)
  assert.match(headers.get('referrer-policy') ?? '', /^(?:same-origin|no-referrer)$/, what)
  assert.match(headers.get('cache-control') ?? '', /(?:^|, *)no-store(?:,|$)/, what)
  assert.equal(headers.get('access-control-allow-origin'), null, what)
  assert.equal(headers.get('x-powered-by'), null, what)
}
