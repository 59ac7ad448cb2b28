import { describe, expect, it } from 'vitest'
import { aRun, AWAY, DENIED, shown } from '../testing/shown.js'
import { runsPage } from './runs-page.js'

const many = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, at) => aRun({ run: from - at, state: 'SUCCEEDED' }))

describe('the list of runs', () => {
  it('lists runs with links', async () => {
    const { html, text } = await shown(runsPage, { answers: { '/v1/runs?': [aRun()] } })
    expect(html).toContain('<a href="/runs/7">')
    expect(html).toContain('<a href="/policies/epa-pm25-limit">')
    expect(text).toContain('The newest 1 run.')
  })

  it('says reasons in words', async () => {
    const runs = ['REGION_BUSY', 'EFFECTIVE_AT'].map((reason) => aRun({ state: 'WAITING', reason }))
    const { text } = await shown(runsPage, { answers: { '/v1/runs?': runs } })
    expect(text).toContain('region busy')
    expect(text).toContain('until it takes effect')
    expect(text).not.toMatch(/[A-Z]_[A-Z]/)
  })

  it('passes the filters of the address on, and keeps them in the form', async () => {
    const { paths, html } = await shown(runsPage, { answers: {}, query: 'state=PAUSED&open=yes&before=40' })
    expect(paths).toEqual(['/v1/runs?open=yes&state=PAUSED&before=40'])
    expect(html).toMatch(/<option value="PAUSED" selected>/)
    expect(html).toMatch(/<option value="yes" selected>/)
  })

  it('ignores filters that mean nothing', async () => {
    const { paths } = await shown(runsPage, { answers: {}, query: 'state=NONSENSE&before=-1%27&open=maybe&policy=%20' })
    expect(paths).toEqual(['/v1/runs?'])
  })

  it('finds a policy behind many others, and links to the next page', async () => {
    const needle = aRun({ run: 150, policies: [{ id: 'ozone-limit', version: '1.0.0', digest: 'sha256:1' }] })
    const answers = { '/v1/runs?': many(300, 201), '/v1/runs?before=201': [...many(200, 151), needle, ...many(149, 120)] }
    const { html, paths } = await shown(runsPage, { answers, query: 'policy=ozone' })
    expect(paths).toHaveLength(2)
    expect(html.match(/href="\/runs\/\d+"/g)).toEqual(['href="/runs/150"'])
  })

  it('shows fifty, and leads to older ones with the same filters', async () => {
    const { html } = await shown(runsPage, { answers: { '/v1/runs?state=SUCCEEDED': many(100, 1) }, query: 'state=SUCCEEDED' })
    expect(html.match(/href="\/runs\/\d+"/g)).toHaveLength(50)
    expect(html).toContain('href="/runs?state=SUCCEEDED&amp;before=51"')
  })

  it('searches five hundred runs at most', async () => {
    const answers = Object.fromEntries(
      Array.from({ length: 9 }, (_, at) => [
        `/v1/runs?${at === 0 ? '' : `before=${901 - at * 100}`}`,
        many(900 - at * 100, 801 - at * 100),
      ]),
    )
    const { paths, html, text } = await shown(runsPage, { answers, query: 'policy=absent' })
    expect(paths).toHaveLength(5)
    expect(text).toContain('No runs match these filters.')
    expect(html).toContain('href="/runs?policy=absent&amp;before=401"')
  })

  it('has four texts for no rows', async () => {
    const texts = await Promise.all([
      shown(runsPage, { answers: { '/v1/runs?': [] } }),
      shown(runsPage, { answers: { '/v1/runs?state=FAILED': [] }, query: 'state=FAILED' }),
      shown(runsPage, { answers: { '/v1/runs?': DENIED } }),
      shown(runsPage, { answers: { '/v1/runs?': AWAY } }),
    ])
    const wanted = ['No run yet.', 'No runs match these filters.', 'Not allowed to see the runs', 'The runs could not be loaded']
    for (const [index, { text }] of texts.entries()) expect(wanted.filter((words) => text.includes(words))).toEqual([wanted[index]])
  })
})
