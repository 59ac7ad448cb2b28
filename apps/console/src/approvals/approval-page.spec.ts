import { toBase64 } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { buildRelease, digestOf, generateKeyPair, readRoster, type ReleasePredicate } from '#libs/signing'
import { rosterOf } from '../testing/people.js'
import { aTrial, LARGE, MILD, trialStatement } from '../testing/trials.js'
import type { Sent } from '../reading/answer.js'
import { AWAY, DENIED, MISSING, shown, type Harness } from '../testing/shown.js'
import { approvalPage } from './approval-page.js'
import { approvalsPage } from './approvals-page.js'
import { rejectPage } from './reject-page.js'

const simulator = generateKeyPair()
const ROSTER = await rosterOf(['EPA Chief', 'EPA Counsel', 'Air Office'], { simulator: simulator.spki })

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
const page = (prepared: unknown, more: Record<string, unknown> = {}, live: Harness['live'] = { 'epa-pm25-limit': LIVE }) => {
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
    expect(text).toContain('canary 5 % of National Capital Region (region:NCR), observed for 5 min')
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
    expect(text).toContain('DIFFERENCE NOT VERIFIED: config-store did not respond')
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

  it('says that the replay cannot be had, and shows the result of lint', async () => {
    const { html, text } = await page(PREPARED, { '/v1/policies/epa-pm25-limit': MISSING })
    expect(text).toContain('Would pass')
    expect(text).toContain('Not known: simulator cannot be reached (ECONNREFUSED).')
    expect(text).toContain('CONSEQUENCE NOT VERIFIED: simulator cannot be reached (ECONNREFUSED)')
    expect(html).not.toContain('?wait')
  })

  it.each([AWAY, DENIED])('shows no lint or replay while the live version cannot be read: $kind', async (answer) => {
    const { html, text } = await page(PREPARED, { '/v1/policies/epa-pm25-limit': answer })
    expect(text.match(/Not known: config-store did not report what is in force\./g)).toHaveLength(2)
    expect(text).not.toContain('Would pass')
    expect(html).not.toContain('?wait#consequence')
  })

  it('has nothing to sign when it has ended, and leads to its run', async () => {
    const { html, text } = await page({ ...PREPARED, run: 7, state: 'SUCCEEDED' })
    expect(html).not.toContain('data-signing')
    expect(text).toContain('Nothing to sign here any more')
    expect(text).not.toMatch(/Still missing|Ends/)
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

  it.each([
    ['approval', (prepared: unknown) => page(prepared)],
    [
      'rejection',
      (prepared: unknown) => {
        const answers = { [`/v1/approvals/${encodeURIComponent(digest)}/prepared`]: prepared, '/v1/roster': AWAY }
        return shown(rejectPage, { answers, params: { digest }, query: 'reason=no' })
      },
    ],
  ])('has its state and signatures on the page of an %s, without a run too, to compare with the list', async (_what, of) => {
    const { html } = await of(PREPARED)
    const beside = /data-beside="\/approvals\?([^"]*)"/.exec(html)![1]!
    expect(html).toContain('data-state="PREPARED,0"')
    const signed = { ...PREPARED, state: 'AWAITING_APPROVAL', signedBy: ['EPA Chief'], overtakenBy: 8, policies: [] }
    const answers = { '/v1/approvals?state=open': [], [`/v1/approvals/${encodeURIComponent(digest)}`]: signed }
    expect((await shown(approvalsPage, { answers, query: beside })).html).toContain('data-state="AWAITING_APPROVAL,8,EPA Chief"')
  })

  it('asks for no key to reject an approval that has ended', async () => {
    const answers = {
      [`/v1/approvals/${encodeURIComponent(digest)}/prepared`]: { ...PREPARED, run: 7, state: 'SUCCEEDED' },
      '/v1/roster': AWAY,
    }
    const { html, text } = await shown(rejectPage, { answers, params: { digest }, query: 'reason=no' })
    expect(html).not.toContain('data-signing')
    expect(text).toContain('The approval no longer waits for signatures, so there is nothing to reject. Go back')
  })

  it('offers no signature while the roster cannot be shown', async () => {
    const { html, text } = await page(PREPARED, { '/v1/roster': AWAY })
    expect(html).not.toContain('data-signing')
    expect(text).toContain('Signing needs the people of the roster')
  })
})

const before = { ...POLICY, version: '1.5.0', limit: 35 }
const statement = await trialStatement(POLICY, before, simulator)
const large = await trialStatement(POLICY, before, simulator, [{ ...MILD, scenario: 'a' }, LARGE])

describe('the consequence on the page of an approval', () => {
  const tried = (
    trial: unknown,
    { query = '', live = { 'epa-pm25-limit': LIVE }, progress = MISSING as unknown }: Partial<Harness> & { progress?: unknown } = {},
  ) =>
    shown(approvalPage, {
      answers: {
        [`/v1/approvals/${encodeURIComponent(digest)}/prepared`]: PREPARED,
        '/v1/roster': [{ version: 1, envelope: ROSTER }],
        '/v1/policies/epa-pm25-limit': MISSING,
        '/v1/simulations/trial': progress,
      },
      params: { digest },
      query,
      live,
      roster: readRoster(ROSTER),
      sent: { '/v1/lint': { kind: 'taken', value: { findings: [] } }, '/v1/simulations': trial as Sent<unknown> },
    })
  const taken = (value: unknown) => ({ kind: 'taken', value })

  it('stands below the difference, from the statement that simulator signed', async () => {
    const { html, text } = await tried(taken(aTrial({ statement })))
    const sentence = '131 more readings of virginia-2023 (2023-01-06 to 2023-12-31) would have been violations: 118 → 249 (1.7 % of 7,703).'
    expect(text).toContain(sentence)
    expect(html.indexOf('<td data-consent')).toBeLessThan(html.indexOf(sentence))
    expect(html.indexOf(sentence)).toBeLessThan(html.indexOf('Sites that change most'))
    expect(html).toContain(`data-keys="[&quot;${simulator.spki}&quot;]"`)
    expect(html).not.toContain('typed-again')
  })

  it('wants the new value again, and looks amber, where it is large', async () => {
    const { html, text } = await tried(taken(aTrial({ statement: large })))
    expect(text).toContain('as many violations, or a fifth of them 6,000 more readings')
    expect(html).toMatch(/usa-alert--warning(?:(?!<section).)*6,000 more readings/s)
    expect(html).toMatch(/<label[^>]*for="typed-again"[^>]*>Type the new limit again<\/label>/)
    expect(html.match(/ id="typed-again"/g)).toHaveLength(1)
  })

  it.each([
    [
      'signed by another key',
      async () => aTrial({ statement: await trialStatement(POLICY, before, generateKeyPair()) }),
      'who may not sign this',
    ],
    [
      'of another policy',
      async () => aTrial({ statement: await trialStatement({ ...POLICY, limit: 5 }, before, simulator) }),
      'about other policies',
    ],
    [
      'compared with another version',
      async () => aTrial({ statement: await trialStatement(POLICY, null, simulator) }),
      'another version in force',
    ],
    ['not signed', async () => aTrial(), 'simulator signed nothing: 100.0% bots adapted, 1/1'],
  ])('is not verified where it is %s', async (_what, trial, why) => {
    const { html, text } = await tried(taken(await trial()))
    expect(text).toMatch(new RegExp(`CONSEQUENCE NOT VERIFIED: .*${why}`))
    expect(html).toMatch(/usa-alert--error" data-trial data-why/)
    expect(text).not.toContain('131 more readings of')
    expect(html).not.toContain('data-pending')
  })

  it('is not verified where what is in force is not', async () => {
    const { text } = await tried(taken(aTrial({ statement })), { live: {} })
    expect(text).toContain('CONSEQUENCE NOT VERIFIED: nothing in force to compare with is verified: config-store did not respond')
  })

  it.each([
    [
      { kind: 'away', service: 'simulator', detail: 'did not respond within 4 s', isLate: true },
      MISSING,
      'Not known yet: simulator did not respond within 4 s.',
    ],
    [
      { kind: 'refused', status: 503, code: 'HMS_PLACES_TAKEN', detail: 'another runs', next: [], errors: [] },
      { done: 3, total: 12 },
      'Not known yet: another runs.',
    ],
    [
      { kind: 'away', service: 'simulator', detail: 'did not respond within 4 s', isLate: true },
      { done: 3, total: 12 },
      '3 of 12 programs done',
    ],
  ])('is waited for while the trial runs', async (trial, progress, words) => {
    const { html, text } = await tried(trial, { progress })
    expect(text).toContain(words)
    expect(html).toContain('data-pending')
    expect(html).toContain('?wait#consequence')
    expect(text).not.toContain('NOT VERIFIED')
    if (!words.includes('programs')) expect(text).not.toContain('programs done')
  })

  it('is drawn by month, by site and on a map, with the same in a table', async () => {
    const { html, text } = await tried(taken(aTrial({ statement })))
    for (const title of [
      'Albemarle 510030001: 2 → 5 of 120 readings',
      'Fairfax 510591005: 3 → 1 of 120 readings',
      '516500008: 4 → 4 of 120 readings',
      '2023-06: 110, then 230',
    ])
      expect(html).toContain(`<title>${title}</title>`)
    expect(html).toMatch(/<rect class="impact-after[^>]* rx="10"><title>Albemarle/)
    expect(html).toMatch(/<rect class="impact-after[^>]* rx="0"><title>Fairfax/)
    expect(html).toMatch(/<rect class="impact-before"[^>]* rx="3"><title>516500008/)
    expect(text).toMatch(/Albemarle 510030001 2 5 .* Fairfax 510591005 3 1/)
  })

  it.each([
    ['', '25', '249', '131 more than'],
    ['whatif=20', '20', '640', '522 more than'],
    ['whatif=21.4', '20', '640', '522 more than'],
    ['whatif=nothing', '25', '249', '131 more than'],
    ['whatif=900', '35', '118', 'as many as'],
  ])('has "What if" by a form: %s', async (query, at, violations, difference) => {
    const { html, text } = await tried(taken(aTrial({ statement })), { query })
    expect(text).toContain('What if limit were …')
    expect(text).toMatch(
      new RegExp(`At ${at} µg/m³: ${violations} of 7,703 readings would have been violations, ${difference} at 35, in force now`),
    )
    expect(html).toContain('&quot;name&quot;:&quot;Albemarle 510030001&quot;')
    expect(text).toContain('By the scenario pm25-violation, unsigned')
    expect(html).toContain(`name="whatif" value="${at}"`)
  })

  it('has no "What if" where there is no such table', async () => {
    const { whatIf: _none, ...trial } = aTrial({ statement })
    expect((await tried(taken(trial))).html).not.toContain('whatif')
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
    expect(text).toMatch(/Proposed, without a signature .* a@1\.0\.0 .*Signed by all, with a run under way .* c@1\.0\.0 Run 7/)
    expect(html).toContain(`href="/approvals/${encodeURIComponent(digest)}"`)
  })
})
