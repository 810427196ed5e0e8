import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { METRICS_TOKEN, openSite, type TestSite } from '../support/site.ts'

/* What is drawn and alerted on is what the server tells: a name that is written otherwise would be silent for ever. */

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url))
const ALERTS = readFileSync(`${DEPLOY}prometheus/alerts.yaml`, 'utf8')
const DASHBOARD = readFileSync(`${DEPLOY}grafana/zego.json`, 'utf8')

type Panel = { readonly title: string; readonly targets: readonly { readonly expr: string }[] }

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined
const skip = !hasPromtool && 'promtool is not installed: what the alerts do is not tried'

describe('what watches over the server', () => {
  let site: TestSite
  let told: ReadonlySet<string>
  before(async () => {
    site = await openSite()
    await site.report('login', { driverId: 'one', timestamp: new Date().toISOString() })
    await fetch(`${site.url}/v1/shift/login`, { method: 'POST', body: '{}' })
    const response = await fetch(`${site.url}/metrics`, { headers: { Authorization: `Bearer ${METRICS_TOKEN}` } })
    told = new Set([...(await response.text()).matchAll(/^([a-z][a-z0-9_]*)(?:\{| )/gm)].map(([, name]) => name!))
  })
  after(() => site.close())

  /** The names of metrics in an expression: Prometheus makes `up` itself. */
  function namesIn(expression: string): string[] {
    return [...new Set(expression.match(/\b(?:zego|http_server|process|nodejs)_\w+/g))]
  }

  test('every alert asks for what is told', () => {
    const expressions = ALERTS.match(/expr: (?:\|[\s\S]*?(?=\n {8}\w)|.*)/g) ?? []
    assert.equal(expressions.length, ALERTS.match(/- alert: /g)?.length)
    for (const expression of expressions) {
      for (const name of namesIn(expression)) assert.ok(told.has(name), name)
    }
    assert.ok(namesIn(expressions.join(' ')).length >= 6)
  })

  test('docs/operations.md says of every alert where to look', () => {
    const operations = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    for (const [, name = '', severity = ''] of ALERTS.matchAll(/- alert: (\w+)[\s\S]*?severity: (\w+)/g)) {
      assert.ok(operations.includes(`| \`${name}\` | ${severity} |`), name)
    }
  })

  test('every panel of the dashboard draws what is told', () => {
    const { panels } = JSON.parse(DASHBOARD) as { panels: readonly Panel[] }
    for (const { title, targets } of panels) {
      const names = targets.flatMap(({ expr }) => namesIn(expr))
      assert.ok(names.length > 0, title)
      for (const name of names) assert.ok(told.has(name), `${title}: ${name}`)
    }
  })

  test('everything of ours that is told is drawn', () => {
    const ours = [...told].filter((name) => name.startsWith('zego_'))
    assert.ok(ours.length >= 12)
    for (const name of ours) {
      const base = name.replace(/_(?:bucket|sum|count)$/, '')
      if (base === 'zego_accept_queue_bytes') continue
      assert.ok(DASHBOARD.includes(base), name)
    }
  })

  for (const file of ['alerts.test.yaml', 'silence.test.yaml']) {
    test(`the alerts fire when they should, and not else (${file})`, { skip }, () => {
      const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', `${DEPLOY}prometheus/${file}`], {
        encoding: 'utf8',
      })
      assert.equal(status, 0, stdout + stderr)
    })
  }
})
