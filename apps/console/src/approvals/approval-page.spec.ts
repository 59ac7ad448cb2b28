import { describe, expect, it } from 'vitest'
import { digestOf } from '#libs/signing'
import { rosterOf } from '../testing/people.js'
import { AWAY, DENIED, MISSING, shown } from '../testing/shown.js'
import { approvalPage } from './approval-page.js'
import { approvalsPage } from './approvals-page.js'

const ROSTER = await rosterOf(['EPA Chief', 'EPA Counsel', 'Air Office'])

const predicate = {
  policy: { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, units: 'ug_per_m3', tags: [] },
  releaseEpoch: 2,
  author: 'Air Office',
  plan: { share: 500, scope: 'region:NCR', observeMs: 300_000, bakeMs: 300_000 },
}
const payload = Buffer.from(JSON.stringify({ predicate }))
const digest = digestOf(payload)
const PREPARED = {
  digest,
  run: null,
  state: 'PREPARED',
  releases: [
    {
      id: 'epa-pm25-limit',
      version: '2.0.0',
      policyDigest: digestOf('policy'),
      digest,
      payload: payload.toString('base64'),
      live: '1.5.0',
      differences: [{ field: 'limit', from: 35, to: 25, units: 'ug_per_m3', text: 'limit 35 → 25 µg/m³' }],
    },
  ],
  plan: { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 300_000, bakeMs: 300_000, partners: null },
  missing: ['approver'],
  signedBy: [],
  authors: ['Air Office'],
  expiresAt: '2026-12-03T12:00:00Z',
}
const path = `/v1/approvals/${encodeURIComponent(digest)}/prepared`
const page = (prepared: unknown, more: Record<string, unknown> = {}) =>
  shown(approvalPage, {
    answers: { [path]: prepared, '/v1/roster': [{ version: 1, envelope: ROSTER }], ...more },
    params: { digest },
    sent: { '/v1/lint': { kind: 'taken', value: { findings: [] } } },
  })

describe('the page of an approval', () => {
  it('says of break-glass what it is, by the bytes, and offers no signature', async () => {
    const bytes = Buffer.from(JSON.stringify({ predicate: { ...predicate, breakGlass: { reason: 'wrong <sensor>' } } }))
    const { html, text } = await page({ ...PREPARED, releases: [{ ...PREPARED.releases[0]!, payload: bytes.toString('base64') }] })
    expect(text).toContain('This is break-glass, no ordinary approval')
    expect(text).toContain('Reason: “wrong <sensor>”')
    expect(text).toContain('hms-svc break-glass FILE --sign NAME --sign NAME --reason TEXT')
    expect(text).not.toContain('canary 5 %')
    expect(html).not.toContain('data-signing')
  })

  it('shows digest in groups, difference with unit and type, plan, and who may sign', async () => {
    const { html, text } = await page(PREPARED)
    expect(text).toContain(`${digest.slice(7, 11)} ${digest.slice(11, 15)}`)
    expect(text).toMatch(/limit 35 25 µg\/m³ number/)
    expect(text).toContain('canary 5 % of National Capital Region, observed for 5 min 0 sec')
    expect(text).toContain('EPA Chief')
    const act = JSON.parse(/data-signing="([^"]*)"/.exec(html)![1]!.replaceAll('&quot;', '"')) as { people: object; body: object }
    expect(act).toMatchObject({ kind: 'approval', path: '/v1/approvals', body: { digest } })
    expect(Object.values(act.people)).toEqual(expect.arrayContaining(['EPA Chief', 'EPA Counsel', 'Air Office']))
    expect(html).toContain(`--expect-digest ${digest}`)
  })

  it('says what a value becomes by the bytes, whatever the service says of it', async () => {
    const [release] = PREPARED.releases
    const lied = { ...PREPARED, releases: [{ ...release, differences: [{ ...release!.differences[0], to: 35 }] }] }
    expect((await page(lied)).text).toMatch(/limit 35 25 µg\/m³/)
  })

  it('leads on to a replay that takes longer, and shows what lint says', async () => {
    const { html, text } = await page(PREPARED)
    expect(text).toContain('Would pass')
    expect(html).toContain(`href="/approvals/${encodeURIComponent(digest)}?wait#effect"`)
  })

  it('has nothing to sign when it has ended, and leads to its run', async () => {
    const { html, text } = await page({ ...PREPARED, run: 7, state: 'SUCCEEDED' })
    expect(html).not.toContain('data-signing')
    expect(text).toContain('Nothing to sign here any more')
    expect(html).toContain('href="/runs/7"')
  })

  it.each([
    [AWAY, 200, 'could not be loaded'],
    [DENIED, 200, 'Not allowed to see the approval'],
    [MISSING, 404, 'There is none.'],
  ])('says why it shows nothing', async (answer, status, words) => {
    const made = await page(answer)
    expect([made.status, made.text.includes(words)]).toEqual([status, true])
  })

  it('lets nobody sign while the roster cannot be shown', async () => {
    const { html, text } = await page(PREPARED, { '/v1/roster': AWAY })
    expect(html).not.toContain('data-signing')
    expect(text).toContain('Nobody can sign here before')
  })
})

describe('the list of approvals', () => {
  const list = (answer: unknown) => shown(approvalsPage, { answers: { '/v1/approvals': answer } })

  it('tells apart nothing, not allowed, and not loaded', async () => {
    expect((await list([])).text).toContain('Nothing waits for a signature.')
    expect((await list(DENIED)).text).toContain('Not allowed to see the approvals')
    expect((await list(AWAY)).text).toContain('The approvals could not be loaded')
  })

  it('has the one that ends first on top, with what is missing', async () => {
    const one = {
      ...PREPARED,
      run: 3,
      policies: [{ id: 'b', version: '1.0.0', digest }],
      reasons: [],
      preparedAt: '',
      signedBy: ['EPA Chief'],
    }
    const { text, html } = await list([
      one,
      { ...one, expiresAt: '2026-11-26T13:00:00Z', policies: [{ id: 'a', version: '1.0.0', digest }] },
    ])
    expect(text.indexOf('a@1.0.0')).toBeLessThan(text.indexOf('b@1.0.0'))
    expect(html).toContain(`href="/approvals/${encodeURIComponent(digest)}"`)
  })
})
