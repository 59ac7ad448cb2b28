import type { CoverageView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { AWAY, shown } from '../testing/shown.js'
import { botsPage } from './bots-page.js'

const at = '2026-11-26T11:00:00Z'
const LIVE = { version: '2.0.0', digest: 'sha256:22' }
const OLD = { version: '1.5.0', digest: 'sha256:15' }
const NONE = { version: null, digest: null }
type Bots = NonNullable<CoverageView['bots']>
const bot = (id: string, region = 'NCR', state: Bots[number]['state'] = 'current', release: typeof LIVE | typeof NONE = LIVE) => ({
  id,
  region,
  state,
  ...release,
})

function coverage(bots: Bots, more: Partial<CoverageView> = {}): CoverageView {
  const lagging = bots.filter(({ state }) => state !== 'current')
  const digests = [...new Set(bots.map(({ digest }) => digest))]
  return {
    policy: 'pm25',
    revision: 9,
    total: bots.length,
    current: bots.length - lagging.length,
    lagging: lagging.map(({ state, ...rest }) => ({ ...rest, revision: state === 'silent' ? 0 : 4, since: at })),
    regions: [],
    versions: digests.map((digest) => {
      const same = bots.filter((each) => each.digest === digest)
      return { digest, version: same[0]!.version, total: same.length }
    }),
    seen: { stream: 0, events: 0, ofrep: 0 },
    bots,
    ...more,
  }
}

const picture = async (view: unknown, query = '') => {
  const { bots: _bots, ...plain } = (view === AWAY ? coverage([]) : view) as CoverageView
  const { html, text, paths } = await shown(botsPage, {
    query,
    answers: {
      '/v1/policies': [{ id: 'pm25', version: '2.0.0' }],
      '/v1/policies/pm25': { id: 'pm25', version: '2.0.0' },
      '/v1/bots': [],
      '/v1/coverage?policy=pm25': plain,
      '/v1/coverage?policy=pm25&bots=all': view,
    },
  })
  return {
    html,
    text,
    paths,
    dots: [...html.matchAll(/<g id="(bot-[^"]*)"><title>([^<]*)<\/title>(.*?)<\/g>/g)].map((found) => found.slice(1)),
  }
}

describe('the picture of the fleet', () => {
  it('has a dot per bot by region, a circle for the version in force and a square for any other', async () => {
    const { html, dots, text } = await picture(coverage([bot('a-1'), bot('a-2', 'VA'), bot('b-1', 'NCR', 'current', OLD), bot('b-2', '')]))
    expect(dots.map(([id, title]) => [id, title])).toEqual([
      ['bot-b-2', 'b-2: 2.0.0'],
      ['bot-a-1', 'a-1: 2.0.0'],
      ['bot-b-1', 'b-1: 1.5.0'],
      ['bot-a-2', 'a-2: 2.0.0'],
    ])
    expect(dots.map(([, , mark]) => /class="([^"]+)".* rx="(\d+)"/.exec(mark!)!.slice(1).join(' '))).toEqual([
      'hue-1 8',
      'hue-1 8',
      'hue-2 0',
      'hue-1 8',
    ])
    expect([...html.matchAll(/class="fleet-name">([^<]*)</g)].map(([, name]) => name)).toEqual(['no region', 'NCR', 'VA'])
    expect(text).toContain('4 bots of pm25: 4 up to date.')
    expect(text).toContain('2.0.0, in force: 3')
    expect(text).toContain('No bot is behind or silent.')
  })

  it('rings bots that are behind, hollows silent and gone ones, and names both in words', async () => {
    const left = [{ id: 'far', region: 'VA', revision: 4, since: at, leftAt: at, ...OLD }]
    const bots = [bot('late', 'NCR', 'stale', OLD), bot('mute', 'NCR', 'silent', NONE), bot('ok')]
    const { dots, text, html } = await picture(coverage(bots, { left }))
    expect(dots.map(([, title]) => title)).toEqual(['late: 1.5.0, behind', 'mute: no version, silent', 'ok: 2.0.0', 'far: 1.5.0, gone'])
    expect(dots.map(([, , mark]) => [mark!.includes('fleet-ring'), mark!.includes('fleet-hollow')])).toEqual([
      [true, false],
      [false, true],
      [false, false],
      [false, true],
    ])
    expect(text).toContain('3 bots of pm25: 1 up to date, 1 behind, 1 silent, 1 gone while behind.')
    expect(html).toContain('Not up to date: <a href="#lagging">late, mute, far</a>')
    for (const words of ['2.0.0, in force: 1', '1.5.0: 1', 'no version: 1', 'ringed: behind', 'hollow: silent or gone'])
      expect(text).toContain(words)
  })

  it('is one stop for the keyboard, named by its sum', async () => {
    const { html } = await picture(coverage([bot('a'), bot('b')]))
    const figure = /<figure.*?<\/a>/s.exec(html)![0]
    expect(figure).toMatch(/^<figure class="fleet" data-patch="true">.*<a id="fleet-regions" class="fleet-regions" href="#lagging"/)
    expect(figure).toContain('aria-labelledby="fleet-regions fleet-sum"')
    expect(figure.match(/<a |tabindex/g)).toHaveLength(1)
  })

  it.each([
    ['quote " and \'', "bot-quote%20%22%20and%20'"],
    ['<script>', 'bot-%3Cscript%3E'],
    ['🤖 one', 'bot-%F0%9F%A4%96%20one'],
  ])('keeps the name %s in words and in an id without blanks', async (name, id) => {
    const { html, text } = await picture(coverage([bot(name, name, 'stale', OLD)]))
    const shownName = name.replaceAll('<', '&lt;').replaceAll('"', '&quot;')
    expect(html).toContain(`<g id="${id}"><title>${shownName}: 1.5.0, behind</title>`)
    expect(html).not.toContain('<script>')
    expect(text).toContain(`Not up to date: ${name}`)
  })

  it('has a bar per region and version where the bots are many', async () => {
    const { bots: _bots, ...many } = coverage([])
    const cells = [
      { region: 'NCR', ...LIVE, total: 12_000, current: 12_000 },
      { region: 'NCR', ...OLD, total: 30, current: 0 },
      { region: '', ...NONE, total: 2, current: 0 },
    ]
    const { dots, html, text } = await picture({ ...many, total: 12_032, current: 12_000, cells })
    expect(dots).toEqual([])
    expect([...html.matchAll(/class="fleet-cell" id="([^"]*)"/g)].map(([, id]) => decodeURIComponent(id!))).toEqual([
      'cell-["",null]',
      'cell-["NCR","sha256:22"]',
      'cell-["NCR","sha256:15"]',
    ])
    expect([...html.matchAll(/<rect class="hue-\d" x="1" y="2" width="([^"]+)"/g)].map(([, width]) => width)).toEqual(['4', '278', '4'])
    for (const words of ['2.0.0: 12,000', '1.5.0: 30, 30 not up to date', 'no version: 2, 2 not up to date']) expect(text).toContain(words)
  })

  it('draws 500 connected bots and those that left beside them, and lists eight names', async () => {
    const bots = Array.from({ length: 500 }, (_, n) => bot(`bot-${n}`, 'NCR', 'stale', OLD))
    const { dots, text } = await picture(coverage(bots, { left: [{ id: 'far', region: '', revision: 1, since: at, leftAt: at, ...OLD }] }))
    expect(dots).toHaveLength(501)
    expect(text).toContain('bot-7 and 493 more')
  })

  it('names 12 releases in its legend, also those that only bots that left had', async () => {
    const release = (n: number) => ({ version: `1.0.${n}`, digest: `sha256:${n}` })
    const bots = Array.from({ length: 14 }, (_, n) => bot(`bot-${n}`, 'NCR', 'stale', release(n)))
    const { text, html } = await picture(coverage(bots, { left: [{ id: 'far', region: '', revision: 1, since: at, leftAt: at, ...OLD }] }))
    expect(text).toContain('2.0.0, in force: 0 1.0.0: 1')
    expect(text).toContain('4 more releases')
    expect(html.match(/<li><svg class="fleet-swatch"/g)).toHaveLength(15)
    expect(
      (await picture(coverage([bot('a')], { left: [{ id: 'far', region: '', revision: 1, since: at, leftAt: at, ...OLD }] }))).text,
    ).toContain('1.5.0: 0')
  })

  it('says in words that no bot is connected, or that nobody knows', async () => {
    expect((await picture(coverage([]))).text).toContain('No bot is connected that reads pm25.')
    expect((await picture(AWAY)).text).toContain('The bots could not be loaded')
  })

  it('shows the policy that is named, and links the picture of each', async () => {
    const { paths, html } = await picture(coverage([bot('a')]), 'policy=pm25')
    expect(paths).toContain('/v1/coverage?policy=pm25&bots=all')
    expect(html).toContain('<a href="/fleet?policy=pm25" aria-label="1: picture of pm25">1</a>')
  })
})
