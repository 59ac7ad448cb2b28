import { describe, expect, it } from 'vitest'
import { aRun, DENIED, shown } from '../testing/shown.js'
import { searchPage } from './search-page.js'

const answers = {
  '/v1/policies': [{ id: 'epa-pm25-limit', version: '2.0.0', value: { title: 'Fine dust' } }],
  '/v1/policies/epa-pm25-limit': { id: 'epa-pm25-limit', version: '2.0.0', value: {} },
  '/v1/coverage?policy=epa-pm25-limit&bots=all&named=fleet-3': {
    policy: 'epa-pm25-limit',
    bots: [{ id: 'fleet-3', region: 'VA', digest: null, version: '2.0.0', state: 'current' }],
  },
  '/v1/runs?limit=1000': [aRun()],
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

  it('finds a bot of any policy, and says which of its bounds it reached', async () => {
    const policies = Array.from({ length: 101 }, (_, n) => ({ id: `p${n}`, version: '1.0.0', value: {} }))
    const last = { [`/v1/coverage?policy=p99&bots=all&named=fleet-9`]: { policy: 'p99', bots: [{ id: 'fleet-9' }] } }
    const many = { '/v1/coverage?policy=p1&bots=all&named=fleet-9': { policy: 'p1', cells: [] } }
    const runs = { '/v1/runs?limit=1000': Array.from({ length: 1000 }, () => aRun()) }
    const { text, html } = await search('fleet-9', { '/v1/policies': policies, ...last, ...many, ...runs })
    expect(html).toContain('href="/fleet?policy=p99"')
    expect(text).toContain('Only the newest 1,000 runs were searched.')
    expect(text).toContain('Only bots of the first 100 of 101 policies were searched.')
    expect(text).toContain('More than 500 bots of p1 have such a name: type more of it.')
    expect((await search('fleet-3')).text).not.toContain('Only')
  })

  it('shows some of each kind where there are many, and counts the others', async () => {
    const policies = Array.from({ length: 60 }, (_, n) => ({ id: `pm25-${n}`, version: '1.0.0', value: {} }))
    const runs = { '/v1/runs?limit=1000': Array.from({ length: 30 }, (_, n) => aRun({ run: n + 1 })) }
    const { text, html } = await search('pm25', { '/v1/policies': policies, ...runs })
    expect(/<ul class="hits">.*?<\/ul>/s.exec(html)![0].match(/<li>/g)).toHaveLength(20 + 20 + 1)
    for (const link of ['/policies/pm25-19', '/runs/20', '/docs?q=pm25']) expect(html).toContain(`href="${link}"`)
    expect(text).toContain('90 results for “pm25”.')
    expect(text).toContain('50 more are not shown. Type more of the name.')
  })

  it('says what it could not search, and nothing was found without a question', async () => {
    expect((await search('deq', { '/v1/partners': DENIED })).text).toContain('Not allowed to see the results')
    const unread = { '/v1/coverage?policy=epa-pm25-limit&bots=all&named=deq': DENIED }
    expect((await search('deq', unread)).text).toContain('Not allowed to see the results')
    expect((await search('')).text).toContain('Nothing was searched for.')
  })
})
