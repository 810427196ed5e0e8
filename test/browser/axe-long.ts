import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, it } from 'node:test'
import type axe from 'axe-core'
import type { Page } from 'playwright-core'
import { describeInBrowser } from './chromium.ts'
import { countOf, deadAnchors, narrowTargets, scrollsSideways } from './measure.ts'
import { makeStates } from './states.ts'

/** Not `axe.source`, which is more than twice as long: every page has to read it anew. */
const AXE = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')
const WIDTHS = [360, 1280]
const HEIGHT = 740
const MAX_BYTES = 100_000
/** The rules that a style can break: the others read the document, which is the same at each width and in the dark. */
const STYLE_RULES = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size']

describeInBrowser('every page in every state', (stage) => {
  const found = {
    unreached: [] as string[],
    headings: [] as string[],
    anchors: [] as string[],
    sideways: [] as string[],
    targets: [] as string[],
    weights: [] as string[],
    axe: [] as string[],
  }

  before(async () => {
    const states = await makeStates(stage.site)
    // One page for all: a browser of its own for each would take longer than looking at it.
    const page = await stage.open()
    const weigh = scale(page)
    const session = await page.context().newCDPSession(page)
    for (const { name, open } of states) {
      await page.context().clearCookies()
      await page.setViewportSize({ width: WIDTHS[0]!, height: HEIGHT })
      await page.emulateMedia({ colorScheme: 'light' })
      try {
        await open(page)
      } catch (error) {
        found.unreached.push(`${name}: ${String(error)}`)
        continue
      }
      const headings = await countOf(page, 'h1')
      if (headings !== 1) found.headings.push(`${name}: ${headings}`)
      found.anchors.push(...(await deadAnchors(page)).map((href) => `${name}: ${href}`))
      const tooWide = await scrollsSideways(page)
      if (tooWide > 0) found.sideways.push(`${name}: ${tooWide} px`)
      found.targets.push(...(await narrowTargets(page)).map((target) => `${name}: ${target}`))
      const { bytes, types } = await weigh()
      if (bytes > MAX_BYTES) found.weights.push(`${name}: ${bytes} bytes`)
      const allowed = name.startsWith('docs') ? 'document,script,stylesheet' : 'document,stylesheet'
      if (types.join() !== allowed) found.weights.push(`${name}: ${types.join()}`)
      await session.send('Runtime.evaluate', { expression: AXE })
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: HEIGHT })
        for (const colorScheme of ['light', 'dark'] as const) {
          await page.emulateMedia({ colorScheme })
          const lines = await violations(page, width === WIDTHS[0] && colorScheme === 'light' ? undefined : STYLE_RULES)
          found.axe.push(...lines.map((line) => `${name}, ${width} px, ${colorScheme}: ${line}`))
        }
      }
    }
  })

  it('can be reached', () => assert.deepEqual(found.unreached, []))
  it('has nothing that axe calls serious or critical, in light and dark, narrow and wide', () => {
    assert.deepEqual(found.axe, [])
  })
  it('has one first heading', () => assert.deepEqual(found.headings, []))
  it('has every place that it links to within itself', () => assert.deepEqual(found.anchors, []))
  it('does not scroll sideways on a telephone', () => assert.deepEqual(found.sideways, []))
  it('has links, buttons and fields that a thumb can hit', () => assert.deepEqual(found.targets, []))
  it('is made of its document and one stylesheet, of under 100 kB', () => {
    assert.deepEqual(found.weights, [])
  })
})

/** What axe finds serious or critical on a page, one line each. */
async function violations(page: Page, rules?: string[]): Promise<string[]> {
  const options: axe.RunOptions = {
    resultTypes: ['violations'],
    ...(rules === undefined ? {} : { runOnly: { type: 'rule', values: rules } }),
  }
  const found = await page.evaluate(
    (given) => (globalThis as unknown as { axe: typeof axe }).axe.run(given as axe.RunOptions),
    options as unknown,
  )
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary ?? ''}`))
}

/** Weighs what the page that is shown was made of: its document, and what that asked for. */
function scale(page: Page): () => Promise<{ bytes: number; types: string[] }> {
  const sizes = new Map<string, number>()
  let parts: { url: string; type: string; size: Promise<number> }[] = []
  page.on('response', (response) => {
    const request = response.request()
    if (response.status() >= 300 && response.status() < 400) return
    if (request.isNavigationRequest()) parts = []
    const size = response.body().then(
      (body) => body.length,
      () => 0,
    )
    parts.push({ url: response.url(), type: request.resourceType(), size })
  })
  return async () => {
    let bytes = 0
    for (const { url, size } of parts) {
      // What the browser has kept is weighed as it came first.
      sizes.set(url, Math.max(await size, sizes.get(url) ?? 0))
      bytes += sizes.get(url)!
    }
    return { bytes, types: [...new Set(parts.map(({ type }) => type))].sort() }
  }
}
