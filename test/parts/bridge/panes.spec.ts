import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { policyFile } from '../../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../../support/processes.js'
import { audit, openBrowser, overhang } from '../console/browser.js'

const AIR = 'epa-pm25-limit'

describe('panes in a browser', () => {
  const scratch = scratchFolder()
  let env: Record<string, string>
  let url: string
  let dev: Served
  let browser: Browser

  async function approve(id: string, version: string, limit: number): Promise<void> {
    const file = policyFile(scratch.path, version, limit, id)
    const args = ['approve', file, '--sign', 'EPA Chief', '--observe', '0s', '--bake', '0s', '--watch', '--timeout', '120s']
    const approved = await hms(args, env)
    expect(approved, approved.stderr).toMatchObject({ code: 0 })
  }

  beforeAll(async () => {
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    env = { HMS_URL: url, HMS_DATA_DIR: `${scratch.path}/data`, HMS_PORT: String(port) }
    dev = Served.start(['dev', '--port', String(port), '--data', env['HMS_DATA_DIR']!], env)
    await until('dev is ready', () => ready(url), 240_000)
    await approve(AIR, '1.0.0', 35)
    await approve('ozone-limit', '1.0.0', 70)
    await approve('lead-limit', '1.0.0', 15)
    browser = await openBrowser()
  }, 600_000)
  afterAll(async () => {
    await browser?.close()
    await dev?.stop()
    scratch.remove()
  })

  /** An open page whose bridge is live, and what it complained of. */
  async function live(width: number): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext({ viewport: { width, height: 800 } })
    const page = await context.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(url)) complaints.push(`asks ${request.url()}`)
    })
    await page.goto(`${url}/panes`)
    await page.waitForFunction(() => document.querySelector('[data-bridge]')?.textContent === 'The bridge is live.')
    const frame = page.frameLocator('iframe')
    await frame.locator('[data-draws]', { hasText: '1' }).waitFor()
    return { page, complaints }
  }

  const stateOf = (page: Page, id: string) => page.getAttribute(`#${id}`, 'data-state')
  const drawsOf = async (page: Page) => ({
    air: await page.textContent('#air [data-draws]'),
    ozone: await page.textContent('#ozone [data-draws]'),
    water: await page.frameLocator('iframe').locator('[data-draws]').textContent(),
  })

  it('turns Air quality red when 35 becomes 25, and back, without loading again and without drawing the others', async () => {
    const open = await Promise.all([live(1280), live(320)])
    const sockets = open.map(({ page }) => {
      const opened: string[] = []
      page.on('websocket', (socket) => opened.push(socket.url()))
      return opened
    })
    for (const { page } of open) {
      expect(await stateOf(page, 'air')).toBe('within')
      expect(await drawsOf(page)).toEqual({ air: '1', ozone: '1', water: '1' })
      // Gone when the page is loaded again.
      await page.evaluate(() => Object.assign(window, { stillHere: true }))
    }
    await approve(AIR, '2.0.0', 25)
    for (const { page } of open) {
      await page.waitForSelector('#air[data-state=over]')
      expect(await page.textContent('#air [data-verdict]')).toBe('✗ Over the limit of 25 µg/m³')
      expect(await page.textContent('#air [data-version]')).toBe(`${AIR}@2.0.0`)
      expect(await page.evaluate(() => getComputedStyle(document.querySelector('#air [data-verdict]')!).color)).toBe('rgb(139, 10, 3)')
      expect(await drawsOf(page)).toEqual({ air: '2', ozone: '1', water: '1' })
    }
    expect(await hms(['rollback', `${AIR}@1.0.0`, '--reason', 'drill'], env)).toMatchObject({ code: 0 })
    for (const { page, complaints } of open) {
      await page.waitForSelector('#air[data-state=within]')
      expect(await drawsOf(page)).toEqual({ air: '3', ozone: '1', water: '1' })
      expect(await page.evaluate(() => (window as unknown as { stillHere?: boolean }).stillHere)).toBe(true)
      expect(complaints).toEqual([])
    }
    // The one connection of each page was open before, and none came since.
    expect(sockets).toEqual([[], []])
    for (const { page } of open) await page.context().close()
  }, 240_000)

  it('redraws the pane in the frame for its own rule alone', async () => {
    const { page } = await live(1280)
    const before = await drawsOf(page)
    await approve('lead-limit', '2.0.0', 3)
    await page.frameLocator('iframe').locator('#water[data-state=over]').waitFor()
    expect(await drawsOf(page)).toEqual({ ...before, water: '2' })
    await page.context().close()
  }, 240_000)

  it('queues what arrives while updates are paused, and shows it afterwards', async () => {
    const { page } = await live(1280)
    const before = await drawsOf(page)
    await page.click('[data-pause]')
    await approve('ozone-limit', '2.0.0', 60)
    await approve('lead-limit', '3.0.0', 2)
    // By now the open pane has received it, and both panes would have without the pause.
    await page.waitForFunction(() => document.querySelector('[data-bridge]')?.textContent?.includes('2 changes wait'))
    expect(await drawsOf(page)).toEqual(before)
    await page.click('[data-pause]')
    await page.waitForSelector('#ozone[data-state=over]')
    await page.frameLocator('iframe').locator('[data-version]', { hasText: 'lead-limit@3.0.0' }).waitFor()
    await page.context().close()
  }, 240_000)

  it.each([1280, 320])('at %d pixels can be used by everyone, and does not scroll sideways', async (width) => {
    const { page } = await live(width)
    const { wrong, undecided } = await audit(page)
    expect(wrong).toEqual([])
    // What is in the frame is looked at as a page of its own.
    expect(undecided.map(({ rule }) => rule)).toEqual(['frame-tested'])
    expect(await overhang(page)).toBeLessThanOrEqual(0)
    await page.goto(`${url}/console/pane-frame`)
    expect(await audit(page)).toEqual({ wrong: [], undecided: [] })
    expect(await overhang(page)).toBeLessThanOrEqual(0)
    await page.context().close()
  })
})
