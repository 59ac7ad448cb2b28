import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Browser } from 'playwright-core'
import type { VerifiedLive } from '#libs/policy'
import { partnersPage } from '../../../apps/console/src/partners/partners-page.js'
import { rollbackPage } from '../../../apps/console/src/rollback/rollback-page.js'
import { runPage } from '../../../apps/console/src/runs/run-page.js'
import { runsPage } from '../../../apps/console/src/runs/runs-page.js'
import { aRun, shown } from '../../../apps/console/src/testing/shown.js'
import { openBrowser } from './browser.js'

const STYLE = readFileSync(new URL('../../../apps/console/assets/console.css', import.meta.url), 'utf8')
const DELIVERY = {
  id: '1',
  partner: 'virginia-department-of-environmental-quality',
  channel: 'webhook',
  policy: 'epa-pm25-limit',
  version: '2.0.0',
  bundle: ['epa-pm25-limit@2.0.0'],
  run: 7,
  state: 'delivered',
  deliveredAt: '2026-11-26T11:00:00Z',
  acknowledgedAt: null,
  attempts: 1,
  lastStatus: 200,
}
const answers = {
  '/v1/runs/7': aRun(),
  '/v1/deliveries?run=7': [DELIVERY],
  '/v1/deliveries?limit=51': [DELIVERY],
  '/v1/partners': [],
  '/v1/runs?': [aRun({ state: 'ROLLED_BACK', reason: 'UNEXPLAINED_ALERTS' })],
}

let browser: Browser
beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

it.each([
  ['the runs', runsPage, {}],
  ['the deliveries of a run', runPage, { number: '7' }],
  ['all deliveries', partnersPage, {}],
] as const)('at 320 pixels the state of %s is in sight, also at the end of the row', async (_what, content, params) => {
  const { html } = await shown(content, { answers, params })
  const page = await browser.newPage({ viewport: { width: 320, height: 800 } })
  await page.setContent(html.replace('</head>', () => `<style>${STYLE}</style></head>`))
  const [, cell] = await page.$$('.usa-table:has(th:text-is("State")) tbody tr:first-child > *')
  for (const scrolled of [0, 2_000]) {
    const { left, right, text } = await cell!.evaluate((state, to) => {
      state.closest('.usa-table-container--scrollable')!.scrollLeft = to
      const box = state.getBoundingClientRect()
      return { left: box.left, right: box.right, text: state.textContent }
    }, scrolled)
    expect(text).toMatch(/Rolled back|[Dd]elivered/)
    expect(left).toBeGreaterThanOrEqual(0)
    expect(right).toBeLessThanOrEqual(320)
  }
  await page.close()
})

it('at 320 pixels what a rollback changes is in sight whole', async () => {
  const [id, title] = ['epa-pm25-limit', 'Fine particles in the air that we breathe']
  const versions = { [`/v1/policies/${id}?version=1.5.0`]: { id, version: '1.5.0', value: { id, version: '1.5.0', limit: 35, title } } }
  const live = { [id]: { kind: 'verified', release: { policy: { id, version: '2.0.0', limit: 25 } } } as unknown as VerifiedLive }
  const { html } = await shown(rollbackPage, { answers: versions, params: { id }, query: 'to=1.5.0', live })
  const page = await browser.newPage({ viewport: { width: 320, height: 800 } })
  await page.setContent(html.replace('</head>', () => `<style>${STYLE}</style></head>`))
  const boxes = await page.$$eval('[aria-label="What changes"] :is(th, td)', (cells) =>
    cells.map((cell) => cell.getBoundingClientRect().right),
  )
  expect(boxes).toHaveLength(9)
  expect(Math.max(...boxes)).toBeLessThanOrEqual(320)
  await page.close()
})
