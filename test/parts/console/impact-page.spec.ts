import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { impactPage } from '#libs/impact'
import { replay } from '../../../apps/simulator/src/replay/replay.js'
import { asset, tightening, virginia } from '../../../apps/simulator/src/testing/virginia.fixture.js'
import { scratchFolder } from '../../support/processes.js'
import { audit, openBrowser, overhang } from './browser.js'

/** axe cannot tell what lies behind a text that a scrolling table cuts off. */
const UNDECIDED = ['color-contrast']

describe('the page of an impact, opened from its file', () => {
  const scratch = scratchFolder()
  let browser: Browser
  let url: string

  beforeAll(async () => {
    const bots = ['inspector', 'hard-coded'].map((id) => ({ id, source: asset(`bots/${id}.js`) }))
    const fields = [{ policy: 'epa-pm25-limit', field: 'limit', from: 35, to: 25, inputs: 6, scenarios: ['pm25-violation'] }]
    const { impact } = await replay({ bots, scenarios: [tightening(virginia(), { fields })] })
    const html = impactPage({
      title: 'epa-pm25-limit 1.5.0 → 2.0.0',
      verdict: 'FAIL (50.0% bots adapted, 1/2)',
      changes: ['epa-pm25-limit: limit 35 → 25 µg/m³'],
      skipped: [{ scenario: 'both', why: 'no corpus ozone registered' }],
      reportDigest: `sha256:${'ab'.repeat(32)}`,
      impact,
    })
    const file = join(scratch.path, 'impact.html')
    writeFileSync(file, html)
    url = pathToFileURL(file).href
    browser = await openBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    scratch.remove()
  })

  for (const width of [1280, 320]) {
    it.each(['light', 'dark'] as const)(`at ${width} pixels and %s, is accessible and sends no request`, async (colorScheme) => {
      const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme })
      try {
        const page = await context.newPage()
        const complaints: string[] = []
        page.on('console', (message) => complaints.push(message.text()))
        page.on('request', (request) => request.url() === url || complaints.push(`asks ${request.url()}`))
        await page.goto(url)
        const { wrong, undecided } = await audit(page)
        expect(wrong).toEqual([])
        expect(undecided.filter(({ rule }) => !UNDECIDED.includes(rule))).toEqual([])
        expect(await overhang(page)).toBe(0)
        expect(await page.locator('svg').count()).toBe(15)
        const [paper, ink] = await page.evaluate(() => {
          const { backgroundColor, color } = getComputedStyle(document.body)
          return [backgroundColor, color]
        })
        expect(paper === 'rgb(255, 255, 255)').toBe(colorScheme === 'light')
        expect(ink).not.toBe(paper)
        expect(complaints).toEqual([])
      } finally {
        await context.close()
      }
    })
  }
})
