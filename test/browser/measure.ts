import type { Page } from 'playwright-core'

/* What is measured of a page as it is shown. The functions given to `evaluate` run in the page. */

const MIN_TARGET_PX = 24

type Box = { readonly width: number; readonly height: number }
type Node = { readonly nodeType: number; readonly textContent: string | null }
type Element = Node & {
  readonly id: string
  readonly outerHTML: string
  readonly parentElement: Element | null
  readonly childNodes: Iterable<Node>
  getBoundingClientRect(): Box
  getAttribute(name: string): string | null
}
type Shown = {
  readonly innerWidth: number
  readonly document: {
    readonly documentElement: { readonly scrollWidth: number }
    readonly title: string
    readonly activeElement: Element | null
    querySelector(selector: string): Element | null
    querySelectorAll(selector: string): Iterable<Element>
  }
  getComputedStyle(element: Element): { readonly display: string }
}

export function countOf(page: Page, selector: string): Promise<number> {
  return page.evaluate(
    (given) => [...(globalThis as unknown as Shown).document.querySelectorAll(given)].length,
    selector,
  )
}

/** Links within the page whose place is not there. */
export function deadAnchors(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { document } = globalThis as unknown as Shown
    return [...document.querySelectorAll('a[href^="#"]')]
      .map((link) => link.getAttribute('href') ?? '')
      .filter((href) => document.querySelector(href) === null)
  })
}

/** By how many pixels a page is wider than its window. */
export function scrollsSideways(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as Shown
    return Math.max(0, document.documentElement.scrollWidth - innerWidth)
  })
}

/** What is too small for a thumb: links, buttons and inputs of under 24 by 24 pixels, but for links in running text. */
export function narrowTargets(page: Page): Promise<string[]> {
  return page.evaluate((min) => {
    const { document, getComputedStyle } = globalThis as unknown as Shown
    const isInText = (element: Element): boolean =>
      getComputedStyle(element).display === 'inline' &&
      [...(element.parentElement?.childNodes ?? [])].some(
        (node) => node !== element && node.nodeType === 3 && (node.textContent ?? '').trim() !== '',
      )
    return [...document.querySelectorAll('a, button, summary, input:not([type=hidden], [hidden])')].flatMap(
      (element) => {
        const { width, height } = element.getBoundingClientRect()
        if ((width >= min && height >= min) || isInText(element)) return []
        return [`${Math.round(width)} x ${Math.round(height)}: ${element.outerHTML.slice(0, 100)}`]
      },
    )
  }, MIN_TARGET_PX)
}

export type ShownErrors = {
  readonly title: string
  /** The roles of what comes first in the page and of what has the focus. */
  readonly first: string | null
  readonly focused: string | null
  readonly summary: readonly { message: string; href: string | null }[]
  /** The fields that are marked as wrong, with what describes them. */
  readonly fields: readonly { id: string; label: string; described: string }[]
}

/** What a page says is wrong with its form, at its top and at its fields. */
export function readErrors(page: Page): Promise<ShownErrors> {
  return page.evaluate(() => {
    const { document } = globalThis as unknown as Shown
    const textOf = (selector: string): string =>
      (document.querySelector(selector)?.textContent ?? '').replaceAll(/\s+/g, ' ').trim()
    return {
      title: document.title,
      first: document.querySelector('main > :first-child')?.getAttribute('role') ?? null,
      focused: document.activeElement?.getAttribute('role') ?? null,
      summary: [...document.querySelectorAll('[role=alert] a')].map((link) => ({
        message: (link.textContent ?? '').trim(),
        href: link.getAttribute('href'),
      })),
      fields: [...document.querySelectorAll('[aria-invalid=true]')].map((field) => ({
        id: field.id,
        label: textOf(`label[for=${field.id}]`),
        // Its hint may come before the message.
        described: textOf(`#${(field.getAttribute('aria-describedby') ?? 'nothing').split(' ').at(-1)}`),
      })),
    }
  })
}
