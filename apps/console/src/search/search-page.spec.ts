import { describe, expect, it } from 'vitest'
import { aRun, DENIED, shown } from '../testing/shown.js'
import { searchPage } from './search-page.js'

const answers = {
  '/v1/policies': [{ id: 'epa-pm25-limit', version: '2.0.0', value: { title: 'Fine dust' } }],
  '/v1/policies/epa-pm25-limit': { id: 'epa-pm25-limit', version: '2.0.0', value: {} },
  '/v1/coverage?policy=epa-pm25-limit&bots=all': {
    policy: 'epa-pm25-limit',
    bots: [{ id: 'fleet-3', region: 'VA', digest: null, version: '2.0.0', state: 'current' }],
  },
  '/v1/runs': [aRun()],
  '/v1/partners': [{ id: 'virginia', name: 'Virginia DEQ' }],
  '/v1/bots': [{ id: 'inspector-1', policies: [], critical: false, addedAt: '2026-11-26T11:00:00Z' }],
}
const search = (q: string, more: Record<string, unknown> = {}) =>
  shown(searchPage, { query: new URLSearchParams({ q }).toString(), answers: { ...answers, ...more } })

describe('the search', () => {
  it.each([
    ['PM25', 'href="/policies/epa-pm25-limit"'],
    ['fine dust', 'href="/policies/epa-pm25-limit"'],
    ['pm25', 'href="/runs/7"'],
    ['run 184', 'href="/runs/184"'],
    ['#12', 'href="/audit/12"'],
    ['deq', 'href="/partners?partner=virginia"'],
    ['fleet-3', 'href="/fleet?policy=epa-pm25-limit"'],
    ['inspector', 'href="/fleet#registered"'],
    ['how to', 'href="/docs?q=how%20to"'],
  ])('leads from %s to %s', async (asked, link) => {
    expect((await search(asked)).html).toContain(link)
  })

  it('counts what it found, and escapes what was asked', async () => {
    const { text, html } = await search('<b>none</b>')
    expect(text).toContain('0 results for “<b>none</b>”.')
    expect(html).not.toContain('<b>none')
  })

  it('says what it could not search, and nothing was found without a question', async () => {
    expect((await search('deq', { '/v1/partners': DENIED })).text).toContain('Not allowed to see the results')
    expect((await search('')).text).toContain('Nothing was searched for.')
  })
})
