import { describe, expect, it } from 'vitest'
import type { ScenarioImpact, SimulationImpact } from '#libs/contracts'
import { impactLines, impactPage, type ImpactPage } from './index.js'
import { shareText } from './text-formats.js'

const group = (name: string, before: number, after: number) => ({
  name,
  readings: 1_000,
  before,
  after,
  newlyViolating: after - before,
  newlyCompliant: 0,
})
const SCENARIO: ScenarioImpact = {
  scenario: 'pm25-violation',
  policies: ['epa-pm25-limit'],
  readings: 7703,
  before: 118,
  after: 249,
  from: '2023-01-01',
  to: '2023-12-31',
  newlyViolating: { count: 131, ids: ['virginia-2023:7', 'virginia-2023:9'] },
  newlyCompliant: { count: 0, ids: [] },
  regions: [group('NCR', 30, 60), group('', 88, 189)],
  sites: [group('510030001', 3, 9)],
  months: [group('2023-05', 1, 3), group('2023-06', 110, 230)],
  lost: 2,
  unjudged: 7,
}
const IMPACT: SimulationImpact = {
  scenarios: [SCENARIO],
  bots: [
    { bot: 'albany', readings: 7703, before: 118, after: 249 },
    { bot: 'boston', readings: 7703, before: 118, after: 118 },
    { bot: 'cairo', readings: 7703, before: 118, after: 249 },
  ],
  fields: [
    { policy: 'epa-pm25-limit', field: 'limit', from: 35, to: 25, inputs: 6, scenarios: ['pm25-violation'] },
    { policy: 'epa-pm25-limit', field: 'units', to: 'ug_per_m3', inputs: 0, scenarios: [] },
  ],
}
const PAGE: ImpactPage = {
  title: 'epa-pm25-limit 1.5.0 → 2.0.0',
  verdict: 'PASS (66.6% bots adapted, 2/3)',
  changes: ['epa-pm25-limit: limit 35 → 25 µg/m³'],
  skipped: [{ scenario: 'both', why: 'no corpus ozone registered' }],
  reportDigest: 'sha256:1',
  impact: IMPACT,
}
const LEFT_OUT = '; 5 more could not be judged; 2 more have a verdict only under the version in force'
const textOf = (html: string): string =>
  html
    .replace(/<style>[^]*?<\/style>/, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')

describe('impactLines', () => {
  it('lists flipped verdicts by region, predicted alerts per bot, and fields without an input', () => {
    expect(impactLines(IMPACT)).toEqual([
      `impact of pm25-violation: 131 newly violating, 0 newly compliant of 7,703 readings ((none named) 101, NCR 30)${LEFT_OUT}`,
      'predicted alerts of each of 2 bots: 118 → 249',
      'predicted alerts of boston: 118 → 118',
      'changed, but covered by no replay input: epa-pm25-limit.units',
    ])
  })
})

describe('the page of an impact', () => {
  it('contains all figures as text, and plots them', () => {
    const html = impactPage(PAGE)
    const text = textOf(html)
    for (const said of [
      'Impact of epa-pm25-limit 1.5.0 → 2.0.0',
      'epa-pm25-limit: limit 35 → 25 µg/m³',
      `131 newly violating, 0 newly compliant of 7,703 readings, from 2023-01-01 to 2023-12-31${LEFT_OUT}.`,
      '118 violate now, 249 would.',
      'The change turns 1.70 % (95 % interval 1.44 to 2.01 %)',
      '2 bots alike: albany, cairo',
      'Newly violating: 131 readings, the first 2 of them',
      'no input tries it , no scenario reads it',
      'both: no corpus ozone registered',
    ]) {
      expect(text).toContain(said)
    }
    expect(html.match(/<svg/g)).toHaveLength(6)
    expect(html).toMatch(/<svg class="impact-plot"[^>]* role="img" aria-labelledby="months-pm25-violation"/)
    expect(html).toContain('2023-06: 110, then 230')
  })

  it('is self-contained: no script, no URL, and a Content-Security-Policy that allows only its own style', () => {
    const html = impactPage(PAGE)
    expect(html).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import|style="/)
    expect(html).toMatch(/content="default-src 'none'; style-src 'sha256-[^']{44}'; base-uri 'none'; form-action 'none'"/)
    expect(html).toContain('prefers-color-scheme: dark')
  })

  it('is equal for equal reports', () => {
    expect(impactPage(PAGE)).toBe(impactPage(structuredClone(PAGE)))
  })

  it('escapes texts of bots, corpora and policies, and shows hidden characters as escapes', () => {
    const evil = '</style><script>alert(1)</script>"\u202e'
    const scenario = { ...SCENARIO, regions: [group(evil, 1, 2)], newlyViolating: { count: 1, ids: [evil] } }
    const html = impactPage({
      ...PAGE,
      title: evil,
      impact: { ...IMPACT, scenarios: [scenario], bots: [{ ...IMPACT.bots[0]!, bot: evil }] },
    })
    expect(html).not.toContain('<script')
    expect(html.match(/<\/style>/g)).toHaveLength(1)
    expect(html).not.toContain('\u202e')
    expect(html).toContain('\\u{202e}')
  })
})

describe('a share', () => {
  it.each([
    [131, 7703, '1.70 % (95 % interval 1.44 to 2.01 %)'],
    [0, 100, '0.00 % (95 % interval 0.00 to 3.70 %)'],
    [100, 100, '100.00 % (95 % interval 96.30 to 100.00 %)'],
    [0, 0, ''],
  ])('of %i in %i has the Wilson interval', (part, whole, text) => {
    expect(shareText(part, whole)).toBe(text)
  })
})
