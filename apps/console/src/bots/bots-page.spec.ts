import { describe, expect, it } from 'vitest'
import { AWAY, DENIED, shown } from '../testing/shown.js'
import { botsPage } from './bots-page.js'

const at = '2026-11-26T11:00:00Z'
const bot = (id: string, revision: number, since = at) => ({
  id,
  region: 'NCR',
  revision,
  since,
  digest: null,
  version: revision === 0 ? null : '1.5.0',
})
const coverage = (lagging: unknown[], total = 3) => ({
  policy: 'epa-pm25-limit',
  revision: 9,
  total,
  current: total - lagging.length,
  lagging,
  regions: [],
  versions: [{ version: '2.0.0', digest: null, total: 1 }],
  seen: { stream: 1, events: 0 },
})
const page = (said: unknown, query = '', more: Record<string, unknown> = {}) =>
  shown(botsPage, {
    query,
    answers: {
      '/v1/policies': [{ id: 'epa-pm25-limit', version: '2.0.0' }],
      '/v1/bots': [],
      '/v1/coverage?policy=epa-pm25-limit': said,
      ...more,
    },
  })

describe('the page of bots', () => {
  it('lists bots that are behind before silent ones, the longest behind first', async () => {
    const { text, html } = await page(coverage([bot('mute', 0), bot('late', 4, '2026-11-26T11:30:00Z'), bot('later', 4)]))
    const rows = [...html.matchAll(/<th scope="row">(\w+)<\/th>/g)].map(([, name]) => name)
    expect(rows).toEqual(['later', 'late', 'mute'])
    expect(text).toContain('2 behind, 1 silent, of 3 bots')
    expect(text).toContain('mute ! Silent epa-pm25-limit nothing yet')
    expect(text).toContain('late ✗ Behind epa-pm25-limit 1.5.0')
  })

  it('has distinct texts for empty, filtered away, denied and not loaded', async () => {
    expect((await page(coverage([]))).text).toContain('No connected bot is behind or silent.')
    expect((await page(coverage([bot('late', 4)]), 'state=silent')).text).toContain(
      'No bots that are behind or silent match these filters.',
    )
    expect((await page(DENIED)).text).toContain('Not allowed to see the bots of some policies')
    expect((await page(AWAY)).text).toContain('The bots of some policies could not be loaded')
    expect((await page(AWAY)).text).toContain('Not all bots can be shown now.')
    expect((await page(coverage([]), '', { '/v1/policies': DENIED })).text).toContain('Not allowed to see the policies')
  })

  it('lists bots that left while behind separately, and shows where readers refuse the live version', async () => {
    const left = [{ id: 'gone-7', region: 'VA', revision: 4, since: at, leftAt: at, digest: null, version: '1.5.0' }]
    const { text } = await page({ ...coverage([]), left, refused: { version: '2.0.0', detail: 'two have to sign' } })
    expect(text).toContain('All connected bots are up to date: 3 bots; 1 left while behind.')
    expect(text).toMatch(/gone-7 epa-pm25-limit 1\.5\.0 VA/)
    expect(text).toContain('Refused by readers 2.0.0, by the roster in force: two have to sign.')
  })

  it('names the number of policies it read, where there are more', async () => {
    const ids = Array.from({ length: 51 }, (_, n) => `policy-${n}`)
    const views = Object.fromEntries(ids.slice(0, 50).map((id) => [`/v1/coverage?policy=${id}`, { ...coverage([]), policy: id }]))
    const { text } = await page(coverage([]), '', { '/v1/policies': ids.map((id) => ({ id, version: '1.0.0' })), ...views })
    expect(text).toContain('All connected bots are up to date: up to 3 bots per policy, in the first 50 policies.')
  })

  it('reports all bots up to date only when one is connected', async () => {
    expect((await page(coverage([]))).text).toContain('All connected bots are up to date: 3 bots.')
    expect((await page(coverage([], 0))).text).toContain('No bot is connected.')
  })
})
