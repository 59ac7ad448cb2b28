import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { policyFile } from '../../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../../support/processes.js'
import { audit, factsOf, openBrowser, overhang } from './browser.js'

const PAGES = [
  '/',
  '/policies',
  '/policies/epa-pm25-limit',
  '/policies/not-there',
  '/policies/epa-pm25-limit/rollback',
  '/policies/epa-pm25-limit/rollback?to=1.0.0&reason=drill',
  '/approvals',
  '/reviews',
  '/freezes',
  '/roster',
  '/freezes/declare?id=election-week&scope=global&reason=polling',
  '/fleet',
  '/audit?about=epa-pm25-limit',
  '/audit?by=EPA+Chief',
  '/audit/0',
  '/partners',
  '/docs',
  '/docs/accessibility',
  '/docs/how-it-works',
  '/docs/events',
  '/help',
  '/runs',
  '/runs?policy=nothing',
  '/runs/1',
  '/runs/2',
  '/topics',
  '/topics/hms.rollout.v1',
  '/dead-letters/7d0c1f9e-3b52-84aa-8a0b-5d2c9e61f0b4',
  '/status',
  '/accessibility',
]
/** Pages that differ in each response, or with scripts. */
const MOVING = ['/audit/0', ...PAGES.filter((path) => path.includes('?to=') || /^\/(topics|freezes\/declare)/.test(path))]
/** axe cannot tell what lies behind a text that a scrolling table cuts off, and marks that only repeat a word. */
const UNDECIDED = ['color-contrast']

describe('the console in a browser', () => {
  const scratch = scratchFolder()
  let env: Record<string, string>
  let url: string
  let dev: Served
  let browser: Browser

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    env = { HMS_URL: url, HMS_DATA_DIR: `${scratch.path}/data`, HMS_PORT: String(port) }
    dev = Served.start(['dev', '--port', String(port), '--data', env['HMS_DATA_DIR']!], env)
    await until('dev is ready', () => ready(url), 150_000)
    for (const [version, limit] of [
      ['1.0.0', 35],
      ['2.0.0', 25],
    ] as const) {
      const file = policyFile(scratch.path, version, limit)
      const args = ['approve', file, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch', '--timeout', '90s']
      const approved = await hms(args, env)
      expect(approved, approved.stderr).toMatchObject({ code: 0 })
    }
    browser = await openBrowser()
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
    scratch.remove()
  })

  /** Opens a page, and fails for what it says to its console or asks of others. */
  async function inPage<T>(path: string, options: BrowserContextOptions, look: (page: Page) => Promise<T>): Promise<T> {
    const context = await browser.newContext(options)
    const complaints: string[] = []
    try {
      const page = await context.newPage()
      page.on('console', (message) => {
        const expected = (path.endsWith('/not-there') || path.startsWith('/dead-letters/')) && message.text().includes('404')
        if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('request', (request) => {
        if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`)
      })
      await page.goto(url + path)
      const seen = await look(page)
      expect(complaints).toEqual([])
      expect(await context.cookies()).toEqual([])
      return seen
    } finally {
      await context.close()
    }
  }

  describe.each([1280, 320])('at %d pixels', (width) => {
    const viewport = { width, height: 800 }

    it.each(PAGES)('%s can be used by everyone, and does not scroll sideways', async (path) => {
      await inPage(path, { viewport }, async (page) => {
        const { wrong, undecided } = await audit(page)
        expect(wrong).toEqual([])
        expect(undecided.filter(({ rule }) => !UNDECIDED.includes(rule))).toEqual([])
        expect(await overhang(page)).toBeLessThanOrEqual(0)
      })
    })

    it.each(PAGES.filter((path) => !MOVING.includes(path)))('%s shows the same without scripts', async (path) => {
      // A machine at its limits may make one of the two while a service is late.
      const both = async (): Promise<[string, string]> => [
        await inPage(path, { viewport, javaScriptEnabled: false }, factsOf),
        await inPage(path, { viewport }, factsOf),
      ]
      await until('both show the same', () => both().then(([without, withScripts]) => without === withScripts), 30_000)
    })
  })

  it('shows topics, lag and dead letters without scripts', async () => {
    const facts = await inPage('/topics', { javaScriptEnabled: false }, factsOf)
    for (const words of ['hms.approval.v1', 'hms.config.state.v1', 'Lag', '0 messages, 0 s', 'No dead letter waits for a person.'])
      expect(facts).toContain(words)
  })

  it('leads by keyboard alone from the skip link to a run and its policy', async () => {
    await inPage('/', {}, async (page) => {
      await page.keyboard.press('Tab')
      expect(await focused(page)).toBe('Skip to main content')
      await page.keyboard.press('Enter')
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('main')
      await tabTo(page, 'Run 2')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/runs/2')
      await tabTo(page, 'epa-pm25-limit@2.0.0')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/policies/epa-pm25-limit')
      // A wide table is a stop of its own, so that it can be scrolled.
      await tabTo(page, undefined, 'What was in force, the newest first')
    })
  })

  it('filters runs by form, without scripts, and keeps the filters in the address', async () => {
    await inPage('/runs', { javaScriptEnabled: false }, async (page) => {
      await page.selectOption('#state', 'FAILED')
      await page.click('button[type=submit]')
      expect(new URL(page.url()).searchParams.get('state')).toBe('FAILED')
      expect(await factsOf(page)).toContain('No runs match these filters.')
    })
  })

  it('shows what changed, announces it once, and stops while paused', async () => {
    await inPage('/', {}, async (page) => {
      await page.waitForFunction(() => document.querySelector('[data-connection]')?.textContent === 'Live.')
      expect(await page.textContent('#policies')).not.toContain('ozone')
      const file = policyFile(scratch.path, '1.0.0', 70, 'ozone-limit')
      const args = ['approve', file, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch', '--timeout', '90s']
      expect(await hms(args, env)).toMatchObject({ code: 0 })
      await page.waitForFunction(() => document.querySelector('#policies')?.textContent?.includes('ozone-limit@1.0.0'))
      await page.waitForFunction(() => document.querySelector('[data-announce]')?.textContent?.includes('2 policies in force'))
      await page.click('[data-pause]')
      expect(await page.textContent('[data-pause]')).toBe('Resume updates')
      const before = await factsOf(page)
      expect(await hms(args.with(1, policyFile(scratch.path, '2.0.0', 60, 'ozone-limit')), env)).toMatchObject({ code: 0 })
      expect(await factsOf(page)).toBe(before)
      await page.click('[data-pause]')
      await page.waitForFunction(() => document.querySelector('#policies')?.textContent?.includes('ozone-limit@2.0.0'))
    })
  })

  it('moves nothing where reduced motion is preferred', async () => {
    await inPage('/runs/2', { reducedMotion: 'reduce' }, async (page) => {
      const moving = () =>
        [...document.querySelectorAll('*')].filter((each) => {
          const { transitionDuration, animationName } = getComputedStyle(each)
          return transitionDuration !== '0s' || animationName !== 'none'
        }).length
      expect(await page.evaluate(moving)).toBe(0)
    })
    await inPage('/runs/2', { reducedMotion: 'no-preference' }, async (page) => {
      expect(await page.evaluate(() => getComputedStyle(document.querySelector('.usa-skipnav')!).transitionDuration)).not.toBe('0s')
    })
  })

  const focused = (page: Page): Promise<string | null> => page.evaluate(() => document.activeElement?.textContent ?? null)

  /** Presses Tab until the focus is on a text, or on what has this label. */
  async function tabTo(page: Page, text: string | undefined, label?: string): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab')
      const at = await page.evaluate(() => [document.activeElement?.textContent, document.activeElement?.getAttribute('aria-label')])
      if ((text !== undefined && at[0] === text) || (label !== undefined && at[1] === label)) return
    }
    throw new Error(`60 presses of Tab do not lead to ${text ?? label}`)
  }
})
