import type { Page } from 'playwright-core'
import { press } from './driver.ts'

/* What somebody at the desk does, by what they see. */

/** Looks for something by the box of the search page, that is on the page. */
export async function look(page: Page, text: string): Promise<void> {
  await page.getByRole('searchbox', { name: 'Look for' }).fill(text)
  await press(page, 'Search')
}

/** Waits until the page of a customer says so of the instant that it explains. */
export function verdict(page: Page, words: 'Covered' | 'Not covered'): Promise<void> {
  return page.getByRole('heading', { level: 2, name: new RegExp(`^${words} at `) }).waitFor()
}
