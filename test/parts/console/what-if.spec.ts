import { readFileSync } from 'node:fs'
import { h } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { WhatIfForm } from '../../../apps/console/src/approvals/approval-page.js'
import { aTrial } from '../../../apps/console/src/testing/trials.js'
import { openBrowser } from './browser.js'

const SCRIPT = readFileSync(new URL('../../../apps/console/assets/consequence.js', import.meta.url), 'utf8')
/** Thresholds at uneven distances: by the smallest distance from the first one, neither 7.3 nor 100 is reached. */
const whatIf = { ...aTrial().whatIf!, values: [2, 7.3, 9, 12, 100], violations: [90, 50, 40, 30, 0] }
const change = { field: 'limit', from: 9, to: 12, kind: 'changed' as const }

describe('"What if?" with its script', () => {
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    browser = await openBrowser()
    page = await browser.newPage()
    await page.setContent(`<!doctype html><main>${renderToString(h(WhatIfForm, { whatIf, asked: null, change }))}</main>`)
    await page.addScriptTag({ content: SCRIPT })
  })
  afterAll(() => browser?.close())

  const shown = async () => [
    await page.textContent('[data-at]'),
    await page.inputValue('#whatif'),
    await page.getAttribute('[type=range]', 'aria-valuetext'),
  ]

  it('begins at the new value', async () => {
    expect(await shown()).toEqual(['12', '12', '12: 30 violations'])
  })

  it('reaches each threshold by one key of the slider, and no value between', async () => {
    await page.focus('[type=range]')
    await page.keyboard.press('Home')
    const reached = [await shown()]
    for (let more = 0; more < whatIf.values.length; more++) {
      await page.keyboard.press('ArrowRight')
      reached.push(await shown())
    }
    expect(reached).toEqual([
      ['2', '2', '2: 90 violations'],
      ['7.3', '7.3', '7.3: 50 violations'],
      ['9', '9', '9: 40 violations'],
      ['12', '12', '12: 30 violations'],
      ['100', '100', '100: 0 violations'],
      ['100', '100', '100: 0 violations'],
    ])
  })
  it('counts for the nearest threshold while a number is typed, and puts that threshold into the field afterwards', async () => {
    await page.fill('#whatif', '7')
    expect(await shown()).toEqual(['7.3', '7', '7.3: 50 violations'])
    await page.press('#whatif', 'Tab')
    expect(await shown()).toEqual(['7.3', '7.3', '7.3: 50 violations'])
  })
})
