import { toBase64 } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { buildRelease, digestOf, type ReleasePredicate } from '#libs/signing'
import { rosterOf } from '../testing/people.js'
import { AWAY, DENIED, MISSING, shown, type World } from '../testing/shown.js'
import { approvalPage } from './approval-page.js'
import { approvalsPage } from './approvals-page.js'

const ROSTER = await rosterOf(['EPA Chief', 'EPA Counsel', 'Air Office'])

const POLICY = { id: 'epa-pm25-limit', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, units: 'ug_per_m3', tags: [] }
const LIVE = {
  kind: 'verified',
  release: { policy: { ...POLICY, version: '1.5.0', limit: 35 }, digest: digestOf('live'), payload: 'e30=' },
} as const
const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 300_000, bakeMs: 300_000, partners: null }

function preparedOf(change: Partial<ReleasePredicate> = {}) {
  const { payload, digest, policyDigest } = buildRelease({
    policy: POLICY,
    releaseEpoch: 2,
    previous: { version: '1.5.0', digest: digestOf('live') },
    fallbacks: [],
    scopes: ['global', 'region:NCR'],
    author: 'Air Office',
    plan: PLAN,
    preparedAt: '2026-11-26T11:00:00Z',
    expires: '2026-12-03T12:00:00Z',
    ...change,
  })
  return {
    digest,
    run: null,
    state: 'PREPARED',
    releases: [
      {
        id: 'epa-pm25-limit',
        version: '2.0.0',
        policyDigest,
        digest,
        payload: toBase64(payload),
        live: '1.5.0',
        differences: [] as unknown[],
      },
    ],
    plan: PLAN,
    missing: ['approver'],
    signedBy: [],
    authors: ['Air Office'],
    expiresAt: '2026-12-03T12:00:00Z',
  }
}
const PREPARED = preparedOf()
const { digest } = PREPARED
const page = (prepared: unknown, more: Record<string, unknown> = {}, live: World['live'] = { 'epa-pm25-limit': LIVE }) => {
  const asked = (prepared as { digest?: string }).digest ?? digest
  return shown(approvalPage, {
    answers: {
      [`/v1/approvals/${encodeURIComponent(asked)}/prepared`]: prepared,
      '/v1/roster': [{ version: 1, envelope: ROSTER }],
      ...more,
    },
    params: { digest: asked },
    sent: {
      '/v1/lint': { kind: 'taken', value: { findings: [] } },
      '/v1/simulations': { kind: 'away', service: 'simulator', detail: 'cannot be reached (ECONNREFUSED)' },
    },
    live,
  })
}

describe('the page of an approval', () => {
  it('describes break-glass from its signed bytes, and offers no signature', async () => {
    const { html, text } = await page(preparedOf({ breakGlass: { reason: 'wrong <sensor>' } }))
    expect(text).toContain('This is break-glass, no ordinary approval')
    expect(text).toContain('Reason: “wrong <sensor>”')
    expect(text).toContain('hms-svc break-glass FILE --sign NAME --sign NAME --reason TEXT')
    expect(text).not.toContain('canary 5 %')
    expect(html).not.toContain('data-signing')
  })

  it('shows digest in groups, difference with unit and type, plan, and who may sign', async () => {
    const { html, text } = await page(PREPARED)
    expect(text).toContain(`${digest.slice(7, 11)} ${digest.slice(11, 15)}`)
    expect(text).toMatch(/limit 35 µg\/m³ 25 µg\/m³ number/)
    expect(text).toContain('canary 5 % of National Capital Region (region:NCR), observed for 5 min 0 sec')
    expect(text).toContain('EPA Chief')
    const act = JSON.parse(/data-signing="([^"]*)"/.exec(html)![1]!.replaceAll('&quot;', '"')) as { people: object; body: object }
    expect(act).toMatchObject({ kind: 'approval', path: '/v1/approvals', body: { digest } })
    expect(Object.values(act.people)).toEqual(expect.arrayContaining(['EPA Chief', 'EPA Counsel', 'Air Office']))
    expect(html).toContain(`hms-svc approve ${digest} --sign NAME`)
  })

  it('shows the content of the signed bytes, whatever the service returns beside them', async () => {
    const told = { plan: { ...PLAN, share: 500, observeMs: 3_600_000 }, authors: ['Somebody Else'] }
    const bytes = preparedOf({ policy: { ...POLICY, limit: 3_500 }, plan: { ...PLAN, share: 10_000, observeMs: 0, partners: [] } })
    const { text } = await page({ ...bytes, ...told })
    expect(text).toMatch(/limit 35 µg\/m³ 3500 µg\/m³/)
    expect(text).toContain('limit × 100: 35 → 3500')
    expect(text).toContain('canary 100 % of National Capital Region (region:NCR), observed for 0 sec')
    expect(text).toContain('no partners')
    expect(text).toContain('Written by Air Office')
    expect(text).not.toMatch(/Somebody Else|60 min|canary 5 %/)
  })

  it('shows DIFFERENCE NOT VERIFIED where the live version is not verified', async () => {
    const { html, text } = await page(PREPARED, {}, {})
    expect(text).toContain('DIFFERENCE NOT VERIFIED: config-store said nothing')
    expect(html).toMatch(/usa-alert--error[^>]*>(?:(?!<\/section|<h2).)*DIFFERENCE NOT VERIFIED/s)
    expect(text).not.toMatch(/no change|35 µg/)
  })

  it.each([
    ['other bytes under the digest', { ...preparedOf({ author: null }), digest }],
    [
      'a statement of another kind',
      { ...PREPARED, releases: [{ ...PREPARED.releases[0]!, payload: Buffer.from('{}').toString('base64') }] },
    ],
    ['a part of a bundle', preparedOf({ bundle: { digest: digestOf('two'), size: 2 } })],
    ['no release', { ...PREPARED, releases: [] }],
  ])('offers no signature for %s', async (_what, prepared) => {
    const { html, text, status } = await page(prepared)
    expect([status, text.includes('No person can sign this'), html.includes('data-signing')]).toEqual([409, true, false])
  })

  it('links to a longer replay, and shows the result of lint', async () => {
    const { html, text } = await page(PREPARED, { '/v1/policies/epa-pm25-limit': MISSING })
    expect(text).toContain('Would pass')
    expect(text).toContain('Not known: simulator cannot be reached (ECONNREFUSED).')
    expect(html).toContain(`href="/approvals/${encodeURIComponent(digest)}?wait#effect"`)
  })

  it.each([AWAY, DENIED])('shows no lint or replay while the live version cannot be read: $kind', async (answer) => {
    const { html, text } = await page(PREPARED, { '/v1/policies/epa-pm25-limit': answer })
    expect(text.match(/Not known: config-store did not report what is in force\./g)).toHaveLength(2)
    expect(text).not.toContain('Would pass')
    expect(html).not.toContain('?wait#effect')
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
  ])('gives the reason when it shows nothing', async (answer, status, words) => {
    const made = await page(answer)
    expect([made.status, made.text.includes(words)]).toEqual([status, true])
  })

  it('offers no signature while the roster cannot be shown', async () => {
    const { html, text } = await page(PREPARED, { '/v1/roster': AWAY })
    expect(html).not.toContain('data-signing')
    expect(text).toContain('Signing needs the people of the roster')
  })
})

describe('the list of approvals', () => {
  const list = (answer: unknown) => shown(approvalsPage, { answers: { '/v1/approvals?state=open': answer } })

  it('has distinct texts for empty, denied and not loaded', async () => {
    expect((await list([])).text).toContain('Nothing waits for a signature.')
    expect((await list(DENIED)).text).toContain('Not allowed to see the approvals')
    expect((await list(AWAY)).text).toContain('The approvals could not be loaded')
  })

  it('has the one that ends first on top, with what is missing', async () => {
    const one = {
      ...PREPARED,
      run: 3,
      state: 'AWAITING_APPROVAL',
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

  it('lists proposals without signatures, and those with an active run', async () => {
    const one = { ...PREPARED, run: null, policies: [{ id: 'a', version: '1.0.0', digest }], reasons: [], preparedAt: '', signedBy: [] }
    const { text, html } = await list([one, { ...one, run: 7, state: 'CANARY', policies: [{ id: 'c', version: '1.0.0', digest }] }])
    expect(text).toContain('0 approvals waiting for signatures.')
    expect(text).toMatch(/Proposed, without a signature .* a@1\.0\.0 none yet .*Signed by all, with a run under way .* c@1\.0\.0/)
    expect(html).toContain(`href="/approvals/${encodeURIComponent(digest)}"`)
  })
})
