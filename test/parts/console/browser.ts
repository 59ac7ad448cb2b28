import axe from 'axe-core'
import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'

/** Debian's; others that ship one put it there too. */
const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

export async function openBrowser(): Promise<Browser> {
  const executablePath = PATHS.find((path) => existsSync(path))
  if (executablePath === undefined) throw new Error(`no Chromium in ${PATHS.join(', ')}: apt-get install chromium`)
  // Root has no sandbox of its own; what is opened is ours.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

export interface Finding {
  rule: string
  /** The beginning of each element. */
  elements: string[]
}

/**
 * What axe-core finds on an open page: what is wrong, and what it could not decide. It compares places that it looked up at different
 * moments, so a page whose elements live updates replaced in between is examined again.
 */
export async function audit(page: Page): Promise<{ wrong: Finding[]; undecided: Finding[] }> {
  // As text: a script tag is what the page's policy refuses.
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as {
      axe: { run(): Promise<Record<'violations' | 'incomplete', { id: string; nodes: { html: string }[] }[]>> }
    }
    let replaced = 0
    const observer = new MutationObserver((records) => {
      const nodes = records.flatMap(({ addedNodes, removedNodes }) => [...addedNodes, ...removedNodes])
      if (nodes.some((node) => node instanceof Element)) replaced++
    })
    observer.observe(document.body, { childList: true, subtree: true })
    let results = await inPage.run()
    for (let more = 9, seen = 0; replaced > seen && more > 0; more--) {
      seen = replaced
      results = await inPage.run()
    }
    observer.disconnect()
    const found = (those: typeof results.violations) =>
      those.map(({ id, nodes }) => ({ rule: id, elements: nodes.map(({ html }) => html.slice(0, 200)) }))
    return { wrong: found(results.violations), undecided: found(results.incomplete) }
  })
}

/** What a person reads on the page, but for the moment at which it was made. */
export function factsOf(page: Page): Promise<string> {
  return page.evaluate(() => {
    const copy = document.querySelector('main')!.cloneNode(true) as HTMLElement
    for (const part of copy.querySelectorAll('.as-of, [data-announce], .copy, .copy-status')) part.remove()
    return copy.textContent!.replaceAll(/\s+/g, ' ')
  })
}

/** By how many pixels the page, not a part of it, scrolls sideways. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}
