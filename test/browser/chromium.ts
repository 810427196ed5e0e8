import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, afterEach, before, describe, it } from 'node:test'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { openSite, type TestSite } from '../support/site.ts'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const PATIENCE_MS = 15_000
/** Of the window that nobody sees: each would start another process for each test. */
const WINDOW_FEATURES = ['WebUIOmniboxPopup', 'WebUIOmniboxFullPopup', 'WebUIOmniboxAimPopup', 'PreloadTopChromeWebUI']
/** What Playwright switches off and these pages could meet: Chromium takes the last list only, so it is repeated. */
const PLAYWRIGHTS_FEATURES = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
]

/** Where the machine has a Chromium: `CHROMIUM_PATH`, or one of Debian's places. Null where there is none. */
export function findChromium(): string | null {
  const given = process.env['CHROMIUM_PATH']
  if (given !== undefined && given !== '') return existsSync(given) ? given : null
  return PLACES.find((path) => existsSync(path)) ?? null
}

/** Starts Chromium without a window, and without its calls home. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      // Chromium's sandbox refuses to run as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      // Pages this plain need neither a graphics card nor a process each: starting one costs more than a test.
      '--disable-gpu',
      '--in-process-gpu',
      '--renderer-process-limit=1',
      `--disable-features=${[...PLAYWRIGHTS_FEATURES, ...WINDOW_FEATURES].join()}`,
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A site and a browser of a test file's own. */
export type Stage = {
  readonly site: TestSite
  /** A page in a browser of its own: new cookies, a network of its own. */
  open(options?: BrowserContextOptions): Promise<Page>
}

/**
 * Declares a suite in a real browser. Whatever a page asks of another host, logs as an error or breaks of its policy
 * fails the test that was under way. Without a browser the suite is skipped aloud, and fails in CI.
 */
export function describeInBrowser(
  name: string,
  suite: (stage: Stage) => void,
  makeSite: () => Promise<TestSite> = () => openSite('embedded'),
): void {
  const path = findChromium()
  if (path === null) {
    const given = process.env['CHROMIUM_PATH']
    const reason = `no Chromium: there is none at ${given === undefined || given === '' ? PLACES.join(', ') : given}`
    if (process.env['CI'] === 'true') describe(name, () => it('has a browser', () => assert.fail(reason)))
    else describe(name, { skip: reason }, () => {})
    return
  }
  describe(name, () => {
    let site: TestSite | undefined
    let browser: Browser | undefined
    let networks = 0
    let open: { context: BrowserContext; troubles: string[] }[] = []
    before(async () => {
      ;[site, browser] = await Promise.all([makeSite(), startChromium(path)])
    })
    afterEach(async () => {
      const closing = open
      open = []
      await Promise.all(closing.map(({ context }) => context.close()))
      assert.deepEqual(
        closing.flatMap(({ troubles }) => troubles),
        [],
      )
    })
    after(async () => {
      await browser?.close()
      await site?.close()
    })
    suite({
      get site() {
        return site!
      },
      async open(options = {}) {
        networks += 1
        const context = await newContext(browser!, { ...options, ...networkOf(networks) })
        open.push({ context, troubles: watch(context, site!.url) })
        return context.newPage()
      },
    })
  })
}

/** Every browser is a network of its own, so that what one test tries does not use up what another may. */
export function networkOf(index: number): BrowserContextOptions {
  return { extraHTTPHeaders: { 'X-Forwarded-For': `198.51.${100 + (index >> 8)}.${index & 255}` } }
}

export async function newContext(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  return context
}

/** What no page may do, as it happens. */
function watch(context: BrowserContext, home: string): string[] {
  const troubles: string[] = []
  context.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(`${home}/`) && !url.startsWith('data:')) troubles.push(`asks another host: ${url}`)
  })
  context.on('console', (message) => {
    // Chromium calls every answer of 4xx an error, also the page that says what is wrong with a form.
    const isAnswer = /^Failed to load resource: the server responded with a status of 4\d\d /.test(message.text())
    if (['error', 'warning'].includes(message.type()) && !isAnswer)
      troubles.push(`${message.page()?.url() ?? ''}: ${message.text()}`)
  })
  context.on('weberror', (error) => troubles.push(String(error.error())))
  context.on('dialog', (dialog) => troubles.push(`a dialog: ${dialog.message()}`))
  return troubles
}

/** The flows of a driver, once as most browsers are and once without scripts. */
export function withAndWithoutScripts(stage: Stage, flows: (open: () => Promise<Page>, tag: string) => void): void {
  for (const javaScriptEnabled of [true, false]) {
    const tag = javaScriptEnabled ? 'scripts' : 'no-scripts'
    describe(javaScriptEnabled ? 'with scripts' : 'without scripts', () => {
      flows(() => stage.open({ javaScriptEnabled }), tag)
    })
  }
}
