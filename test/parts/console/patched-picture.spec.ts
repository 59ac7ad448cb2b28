import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { openBrowser } from './browser.js'

const SCRIPT = readFileSync(new URL('../../../apps/console/assets/console.js', import.meta.url), 'utf8')

const pageWith = (dots: Record<string, string>, more = '') => `<!doctype html><title>Fleet</title><main>
  <button data-pause hidden></button><span data-connection></span><p data-announce></p>
  <section id="fleet" data-live>${more}<figure data-patch><a id="picture" href="#x"><svg>${Object.entries(dots)
    .map(([id, title]) => `<g id="${id}"><title>${title}</title><circle r="4"></circle></g>`)
    .join('')}</svg></a></figure></section></main>`

describe('a picture in an open page', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())

  /** Each in a window of its own: a second script in one window fails at its first constant. */
  async function open(html: string): Promise<void> {
    page = await browser.newPage()
    await page.setContent(html)
    await page.evaluate(() => {
      const world = globalThis as unknown as Record<string, unknown>
      world['EventSource'] = class extends EventTarget {
        constructor() {
          super()
          world['source'] = this
          world['streams'] = ((world['streams'] as number | undefined) ?? 0) + 1
        }
        close(): void {
          world['streams'] = (world['streams'] as number) - 1
        }
      }
    })
    await page.addScriptTag({ content: SCRIPT })
  }
  afterEach(() => page.close())

  /** Sends a page; returns which elements of the first page are still there, and the titles of the dots. */
  const after = (html: string) =>
    page.evaluate((data) => {
      const world = globalThis as unknown as { source: EventTarget }
      const kept = Object.fromEntries([...document.querySelectorAll('[id]')].map((each) => [each.id, each]))
      world.source.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(data) }))
      return {
        kept: Object.keys(kept).filter((id) => kept[id]!.isConnected),
        titles: [...document.querySelectorAll('title')].slice(1).map(({ textContent }) => textContent),
      }
    }, html)

  it('changes by its dots alone, also while it has the focus', async () => {
    await open(pageWith({ 'bot-a%20%22': '1', 'bot-b': '1' }))
    await page.focus('#picture')
    expect(await after(pageWith({ 'bot-a%20%22': '1', 'bot-b': '2, behind' }))).toEqual({
      kept: ['fleet', 'picture', 'bot-a%20%22'],
      titles: ['1', '2, behind'],
    })
    expect(await page.evaluate(() => globalThis.document.activeElement?.id)).toBe('picture')
  })

  it('is replaced when bots join or leave, unless it is in use', async () => {
    await open(pageWith({ 'bot-a': '1', 'bot-b': '1' }))
    await page.focus('#picture')
    expect((await after(pageWith({ 'bot-b': '2' }))).titles).toEqual(['1', '2'])
    await page.evaluate(() => (globalThis.document.activeElement as HTMLElement).blur())
    expect(await after(pageWith({ 'bot-b': '2', 'bot-c': '1' }))).toEqual({ kept: [], titles: ['2', '1'] })
  })

  it('stays beside a part that came, and goes with its part', async () => {
    const line = '<p class="as-of"><button data-pause></button><span data-connection></span></p><p data-announce></p>'
    const pageOf = (...parts: string[]) =>
      `<!doctype html><main>${line}${parts.map((id) => `<section id="${id}" data-live></section>`)}</main>`
    await open(pageOf('fleet'))
    const parts = () => page.evaluate(() => [...document.querySelectorAll('section')].map(({ id }) => id))
    const button = await page.$('[data-pause]')
    await after(pageOf('fleet', 'impact'))
    expect(await parts()).toEqual(['fleet', 'impact'])
    await after(pageOf('impact'))
    expect(await parts()).toEqual(['impact'])
    await button!.click()
    expect(await page.textContent('[data-pause]')).toBe('Resume updates')
    await after(pageOf('fleet'))
    expect(await parts()).toEqual(['impact'])
  })

  const formPage = (form: string, title = '') =>
    pageWith({}, `<h2>${title}</h2><form id="f"><select id="to"><option>1</option><option>2</option></select>${form}</form>`)

  it.each(['input', 'select'])(
    'warns at a form whose %s was filled in and that no longer fits, and replaces an untouched one',
    async (touched) => {
      await open(formPage('<input id="why">', 'a'))
      await after(formPage('<input id="why" name="new">', 'b'))
      expect([await page.getAttribute('#why', 'name'), await page.locator('[data-stale]').count()]).toEqual(['new', 0])
      if (touched === 'input') await page.fill('#why', 'because')
      else await page.selectOption('#to', '2')
      await page.evaluate(() => (globalThis.document.activeElement as HTMLElement).blur())
      await after(formPage('<input id="why" name="new">', 'c'))
      expect([await page.getAttribute('#why', 'name'), await page.locator('[data-stale]').count()]).toEqual(['new', 0])
      for (const _twice of [1, 2]) await after(formPage('', 'd'))
      expect([await page.getAttribute('#why', 'name'), await page.locator('[data-stale][role=alert]').count()]).toEqual(['new', 1])
      await after(formPage('<input id="why" name="new">', 'd'))
      expect(await page.locator('[data-stale]').count()).toBe(0)
    },
  )

  it('shows the stop switch on a page that signs, and warns there when the state is another', async () => {
    const head = (text: string) => `<p id="system-state" data-live>${text}</p><div id="holds" data-live>${text}</div>`
    const signing = '<section data-signing="{}"><input id="key"><p data-outcome></p></section>'
    await open(`<!doctype html>${head('well')}<main data-beside="/runs/7" data-state="PAUSED"><p id="form">1</p>${signing}</main>`)
    const beside = (text: string, state: string) => after(`${head(text)}<main data-state="${state}"><p id="form">2</p></main>`)
    await beside('Stopped', 'PAUSED')
    const seen = async () => [await page.textContent('#holds'), await page.textContent('#form'), await page.locator('[data-stale]').count()]
    expect([await page.textContent('#system-state'), ...(await seen())]).toEqual(['Stopped', 'Stopped', '1', 0])
    await page.fill('#key', 'a')
    await beside('well', 'ABORTED')
    expect(await seen()).toEqual(['well', '1', 1])
    await page.evaluate(() => (globalThis.document.querySelector('[data-outcome]')!.textContent = 'Signed.'))
    await beside('well', 'PAUSED')
    await beside('well', 'ABORTED')
    expect(await seen()).toEqual(['well', '1', 0])
  })

  it('follows another page where it is on a page that is not followed', async () => {
    await open(
      `<!doctype html><title>Prepare</title><main data-follow="/fleet?policy=a"><p id="form">1</p>${pageWith({ 'bot-a': '1' }).split('</p>')[1]}`,
    )
    const { kept, titles } = await after(`<p id="form">2</p>${pageWith({ 'bot-a': '2' })}`)
    expect([kept, titles, await page.textContent('#form')]).toEqual([['form', 'fleet', 'picture'], ['2'], '1'])
    const streams = () => page.evaluate(() => (globalThis as unknown as { streams: number }).streams)
    const hide = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, 'hidden', { value, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, hidden)
    expect(await streams()).toBe(1)
    await hide(true)
    expect(await streams()).toBe(0)
    await hide(false)
    expect(await streams()).toBe(1)
    await page.click('text=Pause updates')
    expect(await streams()).toBe(0)
    await hide(true)
    await hide(false)
    expect(await streams()).toBe(0)
    await page.click('text=Resume updates')
    expect(await streams()).toBe(1)
  })
})
