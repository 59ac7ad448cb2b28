import type { AuditEntry } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { aRun, AWAY, DENIED, MISSING, shown } from '../testing/shown.js'
import { auditPage } from './audit-page.js'
import { entryPage } from './entry-page.js'
import { csvOf } from './export-log.js'
import { logFilterIn } from './read-log.js'

const entry = (index: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  index,
  at: `2026-11-26T11:00:${String(index).padStart(2, '0')}Z`,
  source: '/hms-svc/approver',
  type: 'hms.approval.approved.v1',
  key: 'epa-pm25-limit',
  run: 7,
  event: `event-${index}`,
  digest: `sha256:${'a'.repeat(64)}`,
  leafHash: 'b'.repeat(64),
  ...more,
})
const entries = [entry(0), entry(1, { key: 'ozone', run: null }), entry(2, { source: '/hms-svc/rollout', type: 'hms.rollout.reversed.v1' })]
const NEWEST = '/v1/audit/entries?order=newest&limit=1000&acts=true'
const page = (query = '', more: Record<string, unknown> = {}) =>
  shown(auditPage, { query, answers: { [NEWEST]: entries.toReversed(), ...more } })
const rows = (html: string): string[] => [...html.matchAll(/href="\/audit\/(\d+)"/g)].map(([, index]) => index!)

describe('the page of the log', () => {
  it('has the newest first, and leads to each entry', async () => {
    const { html, text } = await page()
    expect(rows(html)).toEqual(['2', '1', '0'])
    expect(text).toContain('rollout reversed')
  })

  it('writes acts as sentences, and folds the steps of services', async () => {
    const policies = [{ id: 'epa-pm25-limit', version: '1.5.0' }]
    const acts = [{ by: ['EPA Chief'], decision: 'rollback', policies, reason: 'drill 4711', statements: [] }]
    const found = [
      entry(0, { type: 'hms.lint.passed.v1', source: '/hms-svc/linter' }),
      entry(1),
      entry(2, { type: 'hms.rollout.reversed.v1', acts }),
    ]
    const answers = { [NEWEST]: found.toReversed() }
    const { html, text } = await page('', answers)
    expect(text).toContain('EPA Chief took epa-pm25-limit back to 1.5.0: drill 4711 EPA Chief Run 7')
    expect(rows(html)).toEqual(['2', '1', '0'])
    expect(html).toMatch(/<details id="steps"><summary>1 step of services.*href="\/audit\/0"/)
    expect(rows((await page('kind=people', answers)).html)).toEqual(['2', '1'])
    const services = await page('kind=services', answers)
    expect(rows(services.html)).toEqual(['0'])
    expect(services.html.slice(services.html.indexOf('id="entries"'))).not.toContain('<details')
    expect((await page('act=lint', answers)).html).toContain('<details id="steps" open')
  })

  it('counts a page by what people did, and leads to more steps of services than it shows', async () => {
    const many = Array.from({ length: 1000 }, (_, at) => entry(at, at % 5 === 0 ? {} : { type: 'hms.lint.passed.v1' }))
    const { html, text } = await page('', { [NEWEST]: many.toReversed() })
    expect(rows(html).filter((index) => Number(index) % 5 === 0)).toHaveLength(100)
    expect(html).toContain('/audit?before=500"')
    expect(text).toContain('400 steps of services in this time')
    expect(text).toContain('These are the newest 100.')
    expect(html).toContain('/audit?kind=services"')
  })

  it.each([
    ['about=ozone', ['1']],
    ['act=Reversed', ['2']],
    ['act=WAS+approved', ['1', '0']],
    ['about=OZONE', ['1']],
    ['service=approver', ['1', '0']],
    ['since=2026-11-27', []],
    ['until=2026-11-26', ['2', '1', '0']],
    ['until=2026-11-25', []],
  ])('finds by %s', async (query, found) => {
    expect(rows((await page(query)).html)).toEqual(found)
  })

  it.each([
    ['until=yesterday', 'until must be a day such as 2026-11-02, not “yesterday”.'],
    ['since=2026-02-31', 'since must be a day such as 2026-11-02, not “2026-02-31”.'],
    ['run=seven', 'run must be a number, not “seven”.'],
  ])('shows no entries by %s, which it cannot read, and keeps all that was filled in', async (query, words) => {
    const { status, text, html } = await page(`by=Ann&${query}`)
    expect([status, rows(html)]).toEqual([422, []])
    expect(text).toContain(words)
    expect(html).toContain('value="Ann"')
    expect(html).toContain(`value="${query.split('=')[1]}"`)
    expect(logFilterIn(new URLSearchParams(query))).toBe(words)
  })

  it('finds by a policy the entries of its bundles too, which another member leads, and acts that name it', async () => {
    const bundle = aRun({ run: 7, policies: ['epa-pm25-limit', 'nitrogen'].map((id) => ({ id, version: '1.0.0', digest: 'sha256:1' })) })
    const runs = { '/v1/runs?before=8&limit=1000': [bundle] }
    expect(rows((await page('about=nitrogen', runs)).html)).toEqual(['2', '0'])
    expect(rows((await page('about=ozone', runs)).html)).toEqual(['1'])
    const acts = [{ by: ['EPA Chief'], decision: 'approve', policies: [{ id: 'lead', version: '1.0.0' }], reason: null, statements: [] }]
    const acted = { [NEWEST]: [entry(0, { run: null, acts })] }
    expect(rows((await page('about=lead', acted)).html)).toEqual(['0'])
  })

  it('reads the thousand entries before an index, prints that number, and links further back', async () => {
    const full = Array.from({ length: 1000 }, (_, at) => entry(2499 - at, at === 7 ? { key: 'ozone', run: null } : {}))
    const before = '/v1/audit/entries?before=2500&order=newest&limit=1000&acts=true'
    const { html, text } = await page('about=ozone&before=2500', { [before]: full })
    expect(text).toContain('1 entry of the 1000 that this page searched match.')
    expect(html).toContain('/audit?about=ozone&amp;before=1500')
  })

  it('requests one run, by its number, the newest thousand and then those before them', async () => {
    const full = Array.from({ length: 1000 }, (_, at) => entry(2000 - at))
    const newest = await page('run=7', { '/v1/audit/entries?run=7&order=newest&limit=1000&acts=true': full })
    const asked = { '/v1/audit/entries?run=7&order=newest&limit=1000&acts=true': [entry(2)] }
    for (const run of ['%237', 'Run+7', 'run+%237']) expect(rows((await page(`run=${run}`, asked)).html)).toEqual(['2'])
    expect([rows(newest.html)[0], rows(newest.html).at(-1)]).toEqual(['2000', '1901'])
    expect(newest.html).toContain('/audit?run=7&amp;before=1901')
    const older = await page('run=7&before=1901', { '/v1/audit/entries?run=7&before=1901&order=newest&limit=1000&acts=true': [entries[0]] })
    expect(rows(older.html)).toEqual(['0'])
  })

  it('requests the acts of a person, the newest thousand and then those before them', async () => {
    const acts = '/v1/audit/entries?by=EPA+Chief&order=newest&limit=1000&acts=true'
    const found = await page('by=EPA+Chief', { [acts]: [entries[2], entries[0]] })
    expect(rows(found.html)).toEqual(['2', '0'])
    expect(found.text).toMatch(/hms-svc audit log --by ("|&quot;)EPA Chief/)
    const crafted = { '/v1/audit/entries?by=%24%28id%29&order=newest&limit=1000&acts=true': [] }
    expect((await page('by=%24%28id%29', crafted)).text).toContain('hms-svc audit log --by NAME')
    const full = Array.from({ length: 1000 }, (_, at) => entry(2000 - at))
    expect((await page('by=EPA+Chief', { [acts]: full })).html).toContain('/audit?by=EPA+Chief&amp;before=1901')
    const older = await page('by=EPA+Chief&before=1001', {
      '/v1/audit/entries?by=EPA+Chief&before=1001&order=newest&limit=1000&acts=true': [],
    })
    expect(older.text).toContain('No entries on this page match these filters.')
  })

  it('has distinct texts for empty, filtered away, denied and not loaded', async () => {
    expect((await page('', { [NEWEST]: [] })).text).toContain('Nothing is recorded yet.')
    expect((await page('about=nothing')).text).toContain('No entries on this page match these filters.')
    expect((await page('', { [NEWEST]: DENIED })).text).toContain('Not allowed to see the entries of the log')
    expect((await page('', { [NEWEST]: AWAY })).text).toContain('The entries of the log could not be loaded')
  })
})

describe('the page of an entry', () => {
  const show = (answers: Record<string, unknown>, index = '2') => shown(entryPage, { answers, params: { index } })

  it('shows the signers, the values before and after, and the proof', async () => {
    const { text, html } = await show({
      '/v1/audit/entries?limit=1&after=1&acts=true': [entries[2]],
      '/v1/runs/7': { run: 7, digest: 'sha256:1', policies: [{ id: 'epa-pm25-limit', version: '2.0.0', digest: 'sha256:2' }] },
      '/v1/approvals/sha256%3A1': {
        digest: 'sha256:1',
        signedBy: ['EPA Chief'],
        missing: [],
        policies: [],
        authors: [],
        reasons: [{ name: 'EPA Chief', reason: 'health' }],
      },
      '/v1/policies/epa-pm25-limit/history?limit=50': [
        {
          version: '2.0.0',
          digest: 'sha256:1',
          run: 7,
          cause: 'rollback',
          from: '2026-11-27T11:00:02Z',
          differences: [{ field: 'limit', from: 15, to: 25, text: 'limit 15 → 25 µg/m³' }],
        },
        {
          version: '2.0.0',
          digest: 'sha256:1',
          run: 7,
          cause: 'run',
          from: '2026-11-26T11:00:02Z',
          differences: [{ field: 'limit', from: 35, to: 25, text: 'limit 35 → 25 µg/m³' }],
        },
        { version: '1.5.0', digest: 'sha256:0', run: 6, from: '2026-11-25T11:00:02Z', differences: [{ field: 'limit', to: 35, text: '' }] },
      ],
      '/v1/audit/proofs?policy=epa-pm25-limit&version=2.0.0': {
        digest: 'sha256:1',
        policy: 'epa-pm25-limit',
        version: '2.0.0',
        entry: '{}',
        proof: 'c2sp.org/tlog-proof@v1\nindex 2\n\nlog\n',
        member: { index: 0, path: [] },
      },
    })
    expect(text).toContain('limit 35 → 25 µg/m³')
    expect(text).not.toContain('limit 15 →')
    expect(text).not.toContain('1.5.0')
    expect(text).toContain('EPA Chief says “health”')
    expect(html).toContain('data-proof="/v1/audit/proofs?policy=epa-pm25-limit&amp;version=2.0.0"')
  })

  const run = { '/v1/runs/7': { run: 7, digest: 'sha256:1', policies: [{ id: 'pm25', version: '2.0.0', digest: 'sha256:2' }] } }
  const [history, proof] = ['/v1/policies/pm25/history?limit=50', '/v1/audit/proofs?policy=pm25&version=2.0.0']
  const nothing = ['Nothing came into force by this run', 'Proofs by one click are of approvals']

  it.each([
    ['of the policy', { ...run, [history]: AWAY, [proof]: AWAY }, 'could not be loaded'],
    ['that may not be read', { ...run, [history]: DENIED, [proof]: DENIED }, 'Not allowed to see'],
    ['of an unknown run', {}, 'could not be loaded'],
  ])('reports changes and proofs %s that it could not read', async (_what, answers, words) => {
    const { text } = await show({ '/v1/audit/entries?limit=1&after=1&acts=true': [entries[2]], ...answers })
    for (const title of ['Before and after', 'Proof']) expect(text).toMatch(new RegExp(`${title} \\S (The|Not).{0,60}`))
    expect(text).toContain(words)
    for (const claim of nothing) expect(text).not.toContain(claim)
  })

  it('has neither changes nor proofs of a run without any', async () => {
    const { text } = await show({ '/v1/audit/entries?limit=1&after=1&acts=true': [entries[2]], ...run, [history]: [], [proof]: MISSING })
    for (const claim of nothing) expect(text).toContain(claim)
  })

  it('knows no entry that the log does not have', async () => {
    expect((await show({ '/v1/audit/entries?limit=1&after=1&acts=true': [] })).status).toBe(404)
    expect((await show({}, '-1')).status).toBe(404)
    expect((await show({})).text).toContain('could not be loaded')
  })
})

describe('the log as CSV', () => {
  it('quotes what has commas, and lets no spreadsheet run what begins like a formula', () => {
    const [, row] = csvOf([entry(0, { key: '=HYPERLINK("http://evil.example")', run: null })]).split('\r\n')
    expect(row).toContain(`,"'=HYPERLINK(""http://evil.example"")",,event-0,`)
  })
})
