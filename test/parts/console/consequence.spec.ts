import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { policyFile } from '../../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../../support/processes.js'
import { audit, factsOf, openBrowser, overhang } from './browser.js'

const ID = 'epa-pm25-limit'
const ASSETS = new URL('../../../apps/demo/assets/', import.meta.url).pathname
const SENTENCE = '131 more readings of virginia-2023 (2023-01-01 to 2023-12-31) would have been violations: 118 → 249 (1.7 % of 7,703).'
/** axe cannot tell what lies behind a text of a picture, or one that a scrolling table cuts off. */
const UNDECIDED = ['color-contrast']
/** Script of a page, in bytes of gzip. */
const MAX_SCRIPT_BYTES = 45_000

const readings = readFileSync(join(ASSETS, 'virginia-2023.csv'), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => Number(line.split(',')[3]))
const above = (limit: number): string => readings.filter((value) => value > limit).length.toLocaleString('en-US')

describe('the consequence before a signature, in a browser', () => {
  const scratch = scratchFolder()
  let url: string
  let keys: string
  let passphrase: string
  let dev: Served
  let browser: Browser
  /** Addresses of a change of 1.7 % of the readings, and of one of most of them. */
  let mild: string
  let large: string

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const data = join(scratch.path, 'data')
    const env = { HMS_URL: url, HMS_DATA_DIR: data, HMS_PORT: String(port) }
    keys = join(data, 'keys')
    dev = Served.start(['dev', '--port', String(port), '--data', data], env)
    await until('dev is ready', () => ready(url), 150_000)
    const file = policyFile(scratch.path, '1.5.0', 35)
    for (const argv of [
      ['approve', file, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch', '--timeout', '90s'],
      ['corpora', 'add', join(ASSETS, 'virginia-2023.csv'), '--id', 'virginia-2023', '--map', 'at=date,pm25=pm25_ug_m3'],
      ['scenarios', 'add', join(ASSETS, 'scenarios/pm25-violation.yaml')],
      ['bots', 'add', join(ASSETS, 'bots/inspector.js'), '--id', 'inspector-1'],
    ]) {
      const ran = await hms(argv, env)
      expect(ran, ran.stderr).toMatchObject({ code: 0 })
    }
    passphrase = readFileSync(join(keys, 'passphrase'), 'utf8').trim()
    mild = await prepare('2.0.0', 25)
    large = await prepare('2.0.1', 5)
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
    scratch.remove()
  })

  async function prepare(version: string, limit: number): Promise<string> {
    const policy = { id: ID, version, effective: '2024-09-01T00:00:00Z', limit, units: 'ug_per_m3', tags: ['health', 'air', 'epa'] }
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${url}/v1/approvals/prepare`, { method: 'POST', headers, body: JSON.stringify({ policies: [policy] }) })
    return `/approvals/${((await response.json()) as { digest: string }).digest}`
  }

  /** Opens a page, and fails for what it says to its console or asks of others. */
  async function inPage<T>(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext(options)
    const faults: string[] = []
    try {
      const page = await context.newPage()
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
      page.on('request', (request) => request.url().startsWith(url) || faults.push(`asks ${request.url()}`))
      await page.goto(url + path)
      const seen = await look(page)
      expect(faults).toEqual([])
      return seen
    } finally {
      await context.close()
    }
  }

  const saysConsequence = (page: Page, text: string) =>
    page.waitForFunction((words) => document.querySelector('[data-consequence]')?.textContent?.includes(words), text)

  /** A busy simulator tries no other values, and keeps its result for a minute. */
  const hasWhatIf = (page: Page) =>
    until('simulator has tried other values', () => page.reload().then(async () => (await page.locator('#whatif').count()) === 1), 150_000)

  async function unlock(page: Page): Promise<void> {
    await page.setInputFiles('#key-file', join(keys, 'epa-chief.key.pem'))
    await page.fill('#key-passphrase', passphrase)
    await page.click('[data-key-form] button:has-text("Sign")')
  }
  const refused = (page: Page, words: string) =>
    page.waitForFunction((text) => document.querySelector('[data-refused]:not([hidden])')?.textContent?.includes(text), words)

  it('is the first large sentence below the difference, with months, sites and a map', async () => {
    await inPage(mild, { viewport: { width: 1280, height: 900 } }, async (page) => {
      await saysConsequence(page, SENTENCE)
      const { size, top } = await page.evaluate(() => {
        const sentence = document.querySelector('[data-consequence]')!
        const ratio = Number.parseFloat(getComputedStyle(sentence).fontSize) / Number.parseFloat(getComputedStyle(document.body).fontSize)
        return { size: ratio, top: sentence.getBoundingClientRect().top + scrollY }
      })
      expect([size >= 1.2, top < 900]).toEqual([true, true])
      const titles = await page.evaluate(() => [...document.querySelectorAll('main svg title')].map(({ textContent }) => textContent))
      expect(titles.filter((title) => /^2023-\d\d: \d+, then \d+$/.test(title ?? ''))).toHaveLength(12)
      expect(titles.filter((title) => /^[A-Z][\w ]+ 51\d{7}: \d+ → \d+ of \d+ readings$/.test(title ?? '')).length).toBeGreaterThan(20)
    })
  })

  it('counts for another value without a request, and by a form without scripts', async () => {
    await inPage(mild, {}, async (page) => {
      await hasWhatIf(page)
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      await page.fill('#whatif', '20')
      expect(await page.textContent('[data-violations]')).toBe(above(20))
      const slider = page.locator('#what-if input[type=range]')
      await slider.press('ArrowRight')
      const next = await page.inputValue('#whatif')
      expect([Number(next) > 20, await page.textContent('[data-at]'), await page.textContent('[data-violations]')]).toEqual([
        true,
        next,
        above(Number(next)),
      ])
      await page.fill('#whatif', '20.0001')
      await page.locator('#whatif').blur()
      expect([await page.inputValue('#whatif'), await page.textContent('[data-violations]')]).toEqual(['20', above(20)])
      expect(await page.locator('[data-sites] li').count()).toBe(6)
      expect(await factsOf(page)).toContain('By the scenario pm25-violation, unsigned')
      expect(asked).toEqual([])
    })
    await inPage(mild, { javaScriptEnabled: false }, async (page) => {
      await hasWhatIf(page)
      await page.fill('#whatif', '12')
      await page.click('#what-if button')
      await page.waitForURL('**/approvals/sha256*whatif=12*')
      await hasWhatIf(page)
      expect(await page.textContent('[data-violations]')).toBe(above(12))
    })
  }, 600_000)

  it('signs nothing when the sentence, its statement or its keys are not those of simulator', async () => {
    await inPage(mild, {}, async (page) => {
      await saysConsequence(page, SENTENCE)
      const change = (what: string, other: string): Promise<string> =>
        page.evaluate(
          ([mark, value]) => {
            const part = document.querySelector<HTMLElement>('[data-trial]')!
            if (mark === 'text') {
              const sentence = part.querySelector('[data-consequence]')!
              const before = sentence.textContent
              sentence.textContent = value!
              return before
            }
            const before = part.dataset[mark!]!
            part.dataset[mark!] = value!
            return before
          },
          [what, other],
        )
      for (const [mark, other, why] of [
        ['text', SENTENCE.replace('131', '13'), 'and simulator signed "131 more readings'],
        ['trial', '', 'the page shows the consequence'],
        ['keys', '[]', 'the consequence is not proven'],
      ] as const) {
        const before = await change(mark, other)
        await unlock(page)
        await refused(page, why)
        await change(mark, before)
      }
      await unlock(page)
      await page.waitForSelector('[data-window]:not([hidden])')
      await page.click('[data-cancel]')
    })
  })

  it('wants the value of a large change typed again, and keeps what was typed', async () => {
    await inPage(mild, {}, async (page) => {
      await saysConsequence(page, SENTENCE)
      expect(await page.locator('#typed-again').count()).toBe(0)
    })
    await inPage(large, {}, async (page) => {
      await saysConsequence(page, 'more readings of virginia-2023')
      expect(await page.locator('.usa-alert--warning [data-consequence]').count()).toBe(1)
      expect(await page.textContent('label[for=typed-again]')).toBe('Type the new limit again')
      await page.fill('#typed-again', '50')
      await unlock(page)
      await refused(page, 'this is a large change. Type the new limit again.')
      expect([await page.inputValue('#typed-again'), await page.isVisible('[data-window]')]).toEqual(['50', false])
      await page.fill('#typed-again', '5')
      await unlock(page)
      await page.waitForSelector('[data-window]:not([hidden])')
      await page.click('[data-cancel]')
    })
  })

  it('is brought in by the script when the trial ends later than the page', async () => {
    let isLate = true
    const context = await browser.newContext()
    try {
      const page = await context.newPage()
      // The first response is that of a page that did not wait long enough.
      await page.route(`**${mild}`, async (route) => {
        const response = await route.fetch()
        const html = await response.text()
        const part = /(<div id="consequence"[^>]*>).*?(<\/div><\/section>)/s
        await route.fulfill({
          response,
          body: isLate ? html.replace(part, '$1<div data-trial data-why="late" data-pending></div>$2') : html,
        })
        isLate = false
      })
      await page.goto(url + mild)
      expect(await page.locator('[data-pending]').count()).toBe(1)
      await page.fill('#reason-signing', 'typed before')
      await saysConsequence(page, SENTENCE)
      expect(await page.locator('[data-pending]').count()).toBe(0)
      expect(await page.inputValue('#reason-signing')).toBe('typed before')
      expect(await page.locator('main svg title').count()).toBeGreaterThan(20)
    } finally {
      await context.close()
    }
  })

  it('stays below the limit of script', async () => {
    const bytes = await inPage('/', {}, async (page) => {
      const sizes: Promise<number>[] = []
      page.on('response', (response) => {
        if (response.request().resourceType() === 'script') sizes.push(response.body().then((body) => gzipSync(body).length))
      })
      await page.goto(url + mild, { waitUntil: 'load' })
      return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
    })
    expect(bytes).toBeGreaterThan(5_000)
    expect(bytes).toBeLessThanOrEqual(MAX_SCRIPT_BYTES)
  })

  describe.each([1280, 320])('at %d pixels', (width) => {
    it.each(['light', 'dark'] as const)('can be used by everyone: %s', async (colorScheme) => {
      for (const path of [mild, large])
        await inPage(path, { viewport: { width, height: 900 }, colorScheme }, async (page) => {
          await saysConsequence(page, 'more readings of virginia-2023')
          const { wrong, undecided } = await audit(page)
          expect(wrong).toEqual([])
          expect(undecided.filter(({ rule }) => !UNDECIDED.includes(rule))).toEqual([])
          expect(await overhang(page)).toBeLessThanOrEqual(0)
        })
    })
  })
})
