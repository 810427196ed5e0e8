import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findChromium, networkOf, newContext, startChromium } from '../test/browser/chromium.ts'
import { makeStates } from '../test/browser/states.ts'
import { openSite } from '../test/support/site.ts'

/*
 * node scripts/screenshots.ts [NAME...]: pictures of every page in each of its states, as test/browser/states.ts makes
 * them; of some states only, when named. The README's pictures are some of these, copied to docs/images.
 */
const FOLDER = fileURLToPath(new URL('../screenshots/', import.meta.url))
const WIDTHS = [360, 1280]
const SCHEMES = ['light', 'dark'] as const

const path = findChromium()
if (path === null) {
  console.error('no Chromium: set CHROMIUM_PATH to one')
  process.exit(1)
}
const wanted = process.argv.slice(2)
if (wanted.length === 0) rmSync(FOLDER, { recursive: true, force: true })
mkdirSync(FOLDER, { recursive: true })
const site = await openSite()
const browser = await startChromium(path)
let pictures = 0
try {
  const states = (await makeStates(site)).filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  for (const [index, { name, part, open }] of states.entries()) {
    const context = await newContext(browser, networkOf(index))
    const page = await context.newPage()
    await open(page)
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 740 })
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme })
        await page.screenshot({ path: `${FOLDER}${name}-${width}-${colorScheme}.png`, fullPage: true })
        pictures += 1
      }
    }
    if (part !== undefined) {
      await page.emulateMedia({ colorScheme: 'light' })
      await page.locator(part).screenshot({ path: `${FOLDER}${name}-part.png` })
      pictures += 1
    }
    await context.close()
  }
} finally {
  await browser.close()
  await site.close()
}
console.log(`${pictures} pictures in ${FOLDER}`)
