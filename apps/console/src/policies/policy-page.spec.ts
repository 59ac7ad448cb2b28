import type { PolicyHistoryEntry, PolicyView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { aRun, AWAY, MISSING, shown, type Harness } from '../testing/shown.js'
import { policiesPage } from './policies-page.js'
import { policyPage } from './policy-page.js'
import { unitText } from './policy-table.js'

const params = { id: 'epa-pm25-limit' }
const policy: PolicyView = {
  id: 'epa-pm25-limit',
  version: '2.0.0',
  revision: 4,
  source: 'live',
  scope: 'global',
  since: '2026-11-26T10:00:00Z',
  value: { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, units: 'ug_per_m3', tags: ['air', 'epa'] },
  provenance: { run: 2, digest: 'sha256:bb', author: 'Ann', approvedBy: ['EPA Chief'] },
}
const entry = (more: Partial<PolicyHistoryEntry>): PolicyHistoryEntry => ({
  version: '2.0.0',
  digest: 'sha256:bb',
  run: 2,
  seq: 2,
  revision: 4,
  author: 'Ann',
  approvedBy: ['EPA Chief'],
  from: '2026-11-26T10:00:00Z',
  until: null,
  recordedAt: '2026-11-26T10:00:00Z',
  differences: [{ field: 'limit', from: 35, to: 25, text: 'limit 35 → 25 µg/m³' }],
  ...more,
})
const answers = (more: Record<string, unknown> = {}): Harness['answers'] => ({
  '/v1/policies/epa-pm25-limit': policy,
  '/v1/policies/epa-pm25-limit/history?limit=50': [entry({})],
  '/v1/coverage?policy=epa-pm25-limit&bots=all': {
    policy: 'epa-pm25-limit',
    revision: 4,
    total: 3,
    current: 2,
    versions: [],
    lagging: [{ id: 'bot-7', revision: 3, since: '2026-11-26T10:00:01Z' }],
  },
  ...more,
})

describe('the page of a policy', () => {
  it('shows its value with unit, since when, who signed, who runs it, and what changed', async () => {
    const { html, text } = await shown(policyPage, { answers: answers(), params })
    expect(html).toMatch(/<span class="value">25<\/span> µg\/m³/)
    expect(text).toContain('limit 25 µg/m³: version 2.0.0, signed by EPA Chief.')
    expect(text).toContain('In force since 2 h ago')
    const { units: _units, ...bare } = policy.value
    const without = await shown(policyPage, { answers: answers({ '/v1/policies/epa-pm25-limit': { ...policy, value: bare } }), params })
    expect(without.text).toContain('limit 25: version 2.0.0')
    expect(text).toContain('Who runs it 3 bots of epa-pm25-limit: 2 up to date, 1 behind.')
    expect(text).toContain('Not up to date: bot-7')
    expect(text).toContain('limit 35 → 25 µg/m³')
  })

  it('shows the versions that bots apply, inside a canary and outside it', async () => {
    const versions = [
      { version: '2.0.0', digest: 'sha256:aa', total: 78 },
      { version: '2.1.0', digest: 'sha256:bb', total: 2 },
    ]
    const coverage = { policy: 'epa-pm25-limit', revision: 5, total: 80, current: 80, lagging: [], versions }
    const { text } = await shown(policyPage, { answers: answers({ '/v1/coverage?policy=epa-pm25-limit&bots=all': coverage }), params })
    expect(text).toContain('2.0.0, in force: 78')
    expect(text).toContain('2.1.0: 2')
  })

  it('lists bots that left while behind beside the count, and shows where readers refuse the live version', async () => {
    const left = [
      { id: 'inspector-9', region: 'VA', revision: 3, since: '2026-11-01T00:00:00Z', leftAt: '2026-11-02T00:00:00Z', version: '1.0.0' },
    ]
    const refused = { version: '2.0.0', detail: 'two have to sign' }
    const coverage = { policy: 'epa-pm25-limit', revision: 5, total: 0, current: 0, lagging: [], versions: [], left, refused }
    const { text } = await shown(policyPage, { answers: answers({ '/v1/coverage?policy=epa-pm25-limit&bots=all': coverage }), params })
    expect(text).toContain('0 bots of epa-pm25-limit: 0 up to date, 1 gone while behind.')
    expect(text).toContain('Not up to date: inspector-9')
    expect(text).toContain('Refused by readers 2.0.0, by the roster in force: two have to sign.')
  })

  it('reports on pages of earlier versions neither a held release nor an unknown beginning', async () => {
    const older = { '/v1/policies/epa-pm25-limit/history?limit=50&before=2': [entry({ version: '1.0.0', digest: 'sha256:zz', seq: 1 })] }
    const { text } = await shown(policyPage, { answers: answers(older), params, query: 'before=2' })
    expect(text).not.toContain('held for later')
    expect(text).not.toContain('not known now')
  })

  it('shows when another release is held, and when the policy was withdrawn', async () => {
    const held = [
      entry({ version: '3.0.0', digest: 'sha256:cc', seq: 3, from: '2027-01-01T00:00:00Z' }),
      entry({ until: '2027-01-01T00:00:00Z' }),
    ]
    const ahead = await shown(policyPage, { answers: answers({ '/v1/policies/epa-pm25-limit/history?limit=50': held }), params })
    expect(ahead.text).toContain('another release is held for later')
    const withdrawn = answers({ '/v1/policies/epa-pm25-limit': MISSING, '/v1/coverage?policy=epa-pm25-limit&bots=all': MISSING })
    const was = await shown(policyPage, { answers: withdrawn, params })
    expect(was.status).toBe(200)
    expect(was.text).toContain('It is not in force; it was.')
  })

  it('shows a first version that is held as not in force yet, drawn over the whole width', async () => {
    const first = entry({
      version: '1.0.0',
      from: '2027-01-01T00:00:00Z',
      differences: [{ field: 'limit', to: 70, text: 'limit added 70' }],
    })
    const only = { '/v1/policies/epa-pm25-limit': MISSING, '/v1/policies/epa-pm25-limit/history?limit=50': [first] }
    const { text, html } = await shown(policyPage, { answers: answers(only), params })
    expect(text).toContain('It is not in force: version 1.0.0 is held until 2027-01-01 00:00:00 UTC.')
    expect(text).not.toContain('it was')
    expect(Number(/<svg width="(\d+)"/.exec(html)?.[1])).toBeGreaterThanOrEqual(600)
  })

  it('quotes a text that is empty or reads like another value, and shows a long text in small type', async () => {
    const value = { ...policy.value, note: '', flag: 'true', code: '25', long: 'x'.repeat(41) }
    const { html, text } = await shown(policyPage, { answers: answers({ '/v1/policies/epa-pm25-limit': { ...policy, value } }), params })
    for (const quoted of ['""', '"true"', '"25"']) expect(html).toContain(`<span class="value">${quoted.replaceAll('"', '&quot;')}</span>`)
    expect(html).toContain(`<span class="command">${'x'.repeat(41)}</span>`)
    expect(text).toContain('limit 25 µg/m³')
  })

  it('is a 404 for what never was, and none for a service that is away', async () => {
    const none = {
      '/v1/policies/epa-pm25-limit': MISSING,
      '/v1/policies/epa-pm25-limit/history?limit=50': MISSING,
      '/v1/coverage?policy=epa-pm25-limit&bots=all': MISSING,
    }
    expect((await shown(policyPage, { answers: none, params })).status).toBe(404)
    const away = await shown(policyPage, { answers: answers({ '/v1/policies/epa-pm25-limit': AWAY }), params })
    expect(away.status).toBe(200)
    expect(away.text).toContain('The policy could not be loaded')
    expect(away.text).toContain('limit 35 → 25')
  })

  it('leads to its runs while no version of it was ever in force', async () => {
    const none = {
      '/v1/policies/epa-pm25-limit': MISSING,
      '/v1/policies/epa-pm25-limit/history?limit=50': MISSING,
      '/v1/coverage?policy=epa-pm25-limit&bots=all': MISSING,
      '/v1/runs?': [aRun({ run: 9, state: 'CANARY' }), aRun({ run: 8, policies: [{ id: 'ozone', version: '1.0.0', digest: 'sha256:1' }] })],
    }
    const { status, html, text } = await shown(policyPage, { answers: none, params })
    expect([status, text]).toEqual([200, expect.stringContaining('It was never in force.')])
    expect(text).not.toContain('No policy')
    expect([html.includes('href="/runs/9"'), html.includes('href="/runs/8"')]).toEqual([true, false])
  })

  it('requests the policy in its address, whatever its characters', async () => {
    const { paths } = await shown(policyPage, { answers: {}, params: { id: '../runs?x=1' } })
    expect(paths[0]).toBe('/v1/policies/..%2Fruns%3Fx%3D1')
  })
})

describe('the life of a rule', () => {
  const first = entry({
    version: '1.5.0',
    digest: 'sha256:aa',
    run: 1,
    seq: 1,
    from: '2026-11-25T10:00:00Z',
    until: '2026-11-26T10:00:00Z',
    differences: [{ field: 'limit', to: 35, units: 'ug_per_m3', text: 'limit added 35 µg/m³' }],
  })
  const back = entry({
    version: '1.5.0',
    digest: 'sha256:aa',
    run: 1,
    seq: 3,
    from: '2026-11-26T11:00:00Z',
    until: '2026-12-01T00:00:00Z',
    differences: [{ field: 'limit', from: 25, to: 35, units: 'ug_per_m3', text: 'limit 25 → 35 µg/m³' }],
    cause: 'rollback',
    by: ['EPA Chief'],
    reason: 'drill 4711',
  })
  const held = entry({ version: '3.0.0', digest: 'sha256:cc', run: 3, seq: 4, from: '2026-12-01T00:00:00Z' })
  const of = (entries: PolicyHistoryEntry[]) => answers({ '/v1/policies/epa-pm25-limit/history?limit=50': entries })
  const titles = (html: string) => Array.from(html.matchAll(/<title>([^<]*)<\/title>/g), ([, text]) => text).slice(1)

  it('draws values, versions, signers, reasons, and what is held', async () => {
    const { html } = await shown(policyPage, { answers: of([held, back, entry({ until: '2026-11-26T11:00:00Z' }), first]), params })
    expect(titles(html)).toStrictEqual([
      '35 µg/m³ · 1.5.0, in force from 2026-11-25 10:00:00 UTC to 2026-11-26 10:00:00 UTC, signed by EPA Chief',
      '25 µg/m³ · 2.0.0, in force from 2026-11-26 10:00:00 UTC to 2026-11-26 11:00:00 UTC, signed by EPA Chief',
      '35 µg/m³ · 1.5.0, in force from 2026-11-26 11:00:00 UTC to 2026-12-01 00:00:00 UTC, signed by EPA Chief; ' +
        'rollback by EPA Chief: drill 4711',
      '25 µg/m³ · 3.0.0, held, in force from 2026-12-01 00:00:00 UTC, signed by EPA Chief',
    ])
    expect(html).toMatch(/<path class="life-line life-back"/)
    expect(html.match(/<path class="life-line life-later"/g)).toHaveLength(3)
    expect(html).toContain('<a href="?at=2026-11-26T11%3A00%3A00Z"')
  })

  const tried = aRun({ run: 9, state: 'ABORTED', endedAt: '2026-11-26T11:30:00Z' })
  const TRIED = 'Canary of 2.0.0, run 9 ABORTED: from 2026-11-26 11:00:00 UTC to 2026-11-26 11:30:00 UTC'
  const othersUntil = (last: number, createdAt: string) =>
    Array.from({ length: 100 }, (_, at) =>
      aRun({ run: last + 99 - at, createdAt, policies: [{ id: 'ozone', version: '1.0.0', digest: '' }] }),
    )

  it('draws canaries of the runs of this policy, up to the end of their run, also behind 100 runs of others', async () => {
    const runs = { '/v1/runs?': othersUntil(10, '2026-11-26T11:40:00Z'), '/v1/runs?before=10': [tried] }
    const { html } = await shown(policyPage, { answers: { ...of([entry({}), first]), ...runs }, params })
    expect(titles(html)).toContain(TRIED)
    expect(html).not.toContain('Canary of 1.0.0')
  })

  it('reads runs only back to the oldest change that is drawn, and at most 500', async () => {
    const old = { '/v1/runs?': othersUntil(10, '2026-11-25T09:00:00Z'), '/v1/runs?before=10': [tried] }
    const { paths } = await shown(policyPage, { answers: { ...of([entry({}), first]), ...old }, params })
    expect(paths.filter((path) => path.startsWith('/v1/runs'))).toEqual(['/v1/runs?'])
    const pages = [500, 400, 300, 200, 100].map((before, at) => [
      at === 0 ? '/v1/runs?' : `/v1/runs?before=${before + 100}`,
      othersUntil(before, '2026-11-26T11:40:00Z'),
    ])
    const many = await shown(policyPage, { answers: { ...of([entry({}), first]), ...Object.fromEntries(pages) }, params })
    expect(many.paths.filter((path) => path.startsWith('/v1/runs'))).toHaveLength(5)
  })

  it('draws up to twelve numeric fields, changed ones first, and names the others', async () => {
    const fields = Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`f${at}`, at]))
    const value = { ...policy.value, ...fields, mode: 'strict' }
    const { html, text } = await shown(policyPage, {
      answers: { ...of([entry({}), first]), '/v1/policies/epa-pm25-limit': { ...policy, value } },
      params,
    })
    const captions = Array.from(html.matchAll(/<figure class="life"><figcaption>([^<]*)/g), ([, caption]) => caption)
    expect(captions).toEqual(['limit, µg/m³', ...Array.from({ length: 11 }, (_, at) => `f${at}, µg/m³`), 'Versions'])
    expect(text).toContain('Without a line: f11, f12, f13, mode.')
  })

  it('draws a field inside a map, with the unit of the nearest map, also where it never changed', async () => {
    const [before, after] = [10, 25].map((alarm) => ({ alarm, warn: 5 }))
    const value = { ...policy.value, thresholds: { air: after, water: { nitrate: 50, units: 'mg_per_l' } } }
    const changed = { field: 'thresholds.air.alarm', from: 10, to: 25, units: 'ug_per_m3', text: '' }
    const added = { field: 'thresholds', to: { air: before, water: { nitrate: 50, units: 'mg_per_l' } }, text: '' }
    const entries = [entry({ differences: [changed] }), { ...first, differences: [added] }]
    const view = { '/v1/policies/epa-pm25-limit': { ...policy, value } }
    const { html, text } = await shown(policyPage, { answers: { ...of(entries), ...view }, params })
    const figures = Array.from(html.matchAll(/<figure class="life"><figcaption>([^<]*).*?<svg[^>]*height="(\d+)"/gs), ([, ...both]) => both)
    expect(figures).toEqual([
      ['thresholds.air.alarm, µg/m³', '112'],
      ['limit, µg/m³', '42'],
      ['thresholds.air.warn, µg/m³', '42'],
      ['thresholds.water.nitrate, mg/l', '42'],
    ])
    expect(titles(html).filter((title) => title!.startsWith('10 µg/m³ · 1.5.0'))).toHaveLength(1)
    expect(text).not.toContain('Without a line')
  })

  it('ends the line of a withdrawn rule in red, and says who withdrew it', async () => {
    const gone = entry({ version: null, digest: null, differences: [], cause: 'withdrawal', by: ['EPA Chief'], reason: 'void' })
    const { html, text } = await shown(policyPage, { answers: { ...of([gone, first]), '/v1/policies/epa-pm25-limit': MISSING }, params })
    expect(html).toMatch(/class="life-line life-back" d="M\d+ 24V84"/)
    expect(text).toContain('It was withdrawn by EPA Chief: void.')
  })

  it('draws a band of versions for other fields, and a gap while withdrawn', async () => {
    const modes = [
      entry({ version: null, digest: null, differences: [], cause: 'withdrawal', by: ['EPA Chief'], reason: 'void' }),
      { ...first, differences: [{ field: 'mode', to: 'strict', text: 'mode added "strict"' }] },
    ]
    const { html, text } = await shown(policyPage, { answers: { ...of(modes), '/v1/policies/epa-pm25-limit': MISSING }, params })
    expect(text).toContain('Versions')
    expect(titles(html)).toContain('withdrawn, in force from 2026-11-26 10:00:00 UTC, signed by EPA Chief; withdrawal by EPA Chief: void')
    expect(html.match(/<path class="life-band"/g)).toHaveLength(1)
  })

  it('shows what a bot obeyed at a time, with the proof', async () => {
    const past = {
      ...policy,
      version: '1.5.0',
      value: { ...policy.value, version: '1.5.0', limit: 35 },
      until: '2026-11-26T10:00:00Z',
      recordedAt: '2026-11-25T10:00:00Z',
      record: { digest: 'sha256:bb', proof: { entry: '{}', proof: 'c2sp.org/tlog-proof@v1\nindex 12\n' } },
    }
    const at = { '/v1/policies/epa-pm25-limit?at=2026-11-25T12:00:00.000Z': past }
    const { html, text } = await shown(policyPage, { answers: answers(at), params, query: 'at=2026-11-25T12:00:00Z' })
    expect(text).toContain('In force at 2026-11-25 12:00:00 UTC A bot obeyed: limit 35 µg/m³, by version 1.5.0.')
    expect(text).toMatch(/In force until 2026-11-26 10:00:00 UTC .*In force for all/)
    expect(html).toContain('<a href="/audit/12">entry 12 of the log</a>')
    expect(html).toContain('href="/v1/audit/proofs?policy=epa-pm25-limit&amp;version=1.5.0"')
  })

  it('reports a time before the first version, and a text that is not a time', async () => {
    const early = { '/v1/policies/epa-pm25-limit?at=2020-01-01T00:00:00.000Z': MISSING }
    const before = await shown(policyPage, { answers: answers(early), params, query: 'at=2020-01-01' })
    expect(before.text).toContain('In force at 2020-01-01 00:00:00 UTC Nothing was in force then.')
    const bad = await shown(policyPage, { answers: answers(), params, query: 'at=yesterday' })
    expect(bad.text).toContain('yesterday is not a time')
    expect(bad.paths.filter((path) => path.includes('at='))).toStrictEqual([])
  })
})

describe('the list of policies', () => {
  it('lists rules with units and signers, and filters by id, title and tag', async () => {
    const all = await shown(policiesPage, { answers: { '/v1/policies': [policy] } })
    expect(all.text).toContain('limit 25 µg/m³')
    const value = { ...policy.value, b: 'x'.repeat(500), c: 3, d: 4, e: 5, f: 6 }
    const long = await shown(policiesPage, { answers: { '/v1/policies': [{ ...policy, value }] } })
    expect(long.text).toContain(`b ${'x'.repeat(98)}…, c 3 µg/m³, d 4 µg/m³, and 2 more`)
    const fitting = await shown(policiesPage, { answers: { '/v1/policies': [policy] }, query: 'q=EPA' })
    expect(fitting.html).toContain('<a href="/policies/epa-pm25-limit">')
    const other = await shown(policiesPage, { answers: { '/v1/policies': [policy] }, query: 'q=ozone' })
    expect(other.text).toContain('No policies match these filters.')
  })
})

it.each([
  ['ug_per_m3', 'µg/m³'],
  ['mg_per_m3', 'mg/m³'],
  ['percent', '%'],
  ['000 µg', '"000 µg"'],
  [undefined, ''],
])('writes the unit %s as %s', (units, text) => {
  expect(unitText(units === undefined ? {} : { units })).toBe(text)
})
