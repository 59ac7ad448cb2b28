import { describe, expect, it } from 'vitest'
import { RUN_STATES, type RunState, type RunView, type StageVerdict } from '#libs/contracts'
import { aRun, AWAY, DENIED, MISSING, shown, type Harness } from '../testing/shown.js'
import { runPage } from './run-page.js'

const params = { number: '7' }
const approval = {
  digest: 'sha256:aabbccdd',
  run: 7,
  state: 'CANARY',
  missing: [],
  policies: [{ id: 'epa-pm25-limit', version: '2.0.0', digest: 'sha256:1122' }],
  signedBy: ['EPA Chief'],
  authors: ['Ann'],
  reasons: [{ name: 'EPA Chief', reason: 'new evidence' }],
  preparedAt: '2026-11-26T11:00:00Z',
  expiresAt: '2026-12-03T11:00:00Z',
}
const entry = {
  index: 3,
  key: 'epa-pm25-limit',
  at: '2026-11-26T11:00:01Z',
  source: '/hms-svc/linter',
  type: 'hms.lint.passed.v1',
  leafHash: 'ab'.repeat(32),
}

function answers(more: Record<string, unknown> = {}): Harness['answers'] {
  return {
    '/v1/runs/7': aRun(),
    '/v1/approvals/sha256%3Aaabbccdd': approval,
    '/v1/audit/entries?run=7&limit=1000&acts=true': [entry],
    '/v1/tickets?state=OPEN': [],
    '/v1/deliveries?run=7': [],
    '/v1/simulations/7': { state: 'passed', reportDigest: 'sha256:99', report: null },
    '/v1/canaries/7': { scope: 'region:NCR', publishedAt: null, observeUntil: null, leaseUntil: null, alerts: 1, unexplained: [] },
    ...more,
  }
}

describe('the page of a run', () => {
  it('shows steps, signers, evidence, events with proof, what comes next, and the same for a terminal', async () => {
    const { text, html, status } = await shown(runPage, { answers: answers(), params })
    expect(status).toBe(200)
    expect(html).toContain('<title>Run 7 · Canary · epa-pm25-limit · HMS-SVC</title>')
    for (const step of ['Lint', 'Simulation', 'Canary', 'Rollout', 'Notification']) expect(html).toContain(`<h3>${step}</h3>`)
    expect(html).toMatch(/aria-current="step"><h3>Canary</)
    expect(text).toContain('Canary, step 3 of 5.')
    expect(text).toContain('Signed by EPA Chief')
    expect(text).toContain('EPA Chief says “new evidence”')
    expect(text).toContain('0 of 1 alert unexplained, from 0 bots; two bots end the canary.')
    expect(text).toMatch(/1 step of services .*lint passed/)
    expect(html).toContain('href="/v1/audit/proofs?policy=epa-pm25-limit&amp;version=2.0.0"')
    expect(html).toContain('href="/audit/3"')
    expect(text).toContain('hms-svc runs watch 7')
    expect(text).toContain('If it passes, all bots get it; if not, it is rolled back at once.')
  })

  it('links each delivery to its page, across the whole width', async () => {
    const sent = {
      id: 'a',
      partner: 'va-deq',
      run: 7,
      policy: 'epa-pm25-limit',
      version: '2.0.0',
      bundle: [],
      channel: 'sftp',
      attempts: 1,
    }
    const never = { lastStatus: null, nextAttemptAt: null, acknowledgedAt: null, acknowledgedBy: null }
    const delivery = { ...sent, ...never, state: 'delivered', lastDetail: 'written at 192.0.2.1', deliveredAt: '2026-11-26T11:00:00Z' }
    const { html, text } = await shown(runPage, { answers: answers({ '/v1/deliveries?run=7': [delivery] }), params })
    expect(html).toContain('<a href="/deliveries/a">va-deq by sftp</a>')
    expect(text).toContain('1 h ago not yet 1 written at 192.0.2.1')
    expect(html).toMatch(/<\/div><section id="partners"/)
    expect((await shown(runPage, { answers: answers(), params })).text).toContain('This run has notified no partner.')
  })

  it('counts the bots of the hard guard, not their alerts, and judges them by colour', async () => {
    const unexplained = ['a', 'a', 'a'].map((bot) => ({ bot }))
    const canary = { ...(answers()['/v1/canaries/7'] as object), alerts: 3, unexplained }
    const { html, text } = await shown(runPage, { answers: answers({ '/v1/canaries/7': canary }), params })
    expect(text).toContain('3 of 3 alerts unexplained, from 1 bot; two bots end the canary.')
    expect(html).toContain('min="0" max="2" value="1" optimum="0" low="0.98" high="1.98"')
  })

  it('begins with the reason why it failed or is paused, and leads to the signature that it waits for', async () => {
    const stages = aRun().stages.map((stage) => (stage.stage === 'canary' ? { ...stage, verdict: 'FAIL', detail: '3 alerts' } : stage))
    const failed = await shown(runPage, { answers: answers({ '/v1/runs/7': { ...aRun({ state: 'ROLLED_BACK' }), stages } }), params })
    expect(failed.text).toContain('How it ended Canary: 3 alerts. The new rule was rolled back.')
    expect(failed.html).not.toContain('Read and sign it')
    const { html, text } = await shown(runPage, { answers: answers({ '/v1/runs/7': aRun({ state: 'AWAITING_APPROVAL' }) }), params })
    expect(html).toContain('<a href="/approvals/sha256%3Aaabbccdd">Read and sign it</a>')
    expect(text).toContain('What happens next It waits for the signatures')
  })

  it('leads to the ticket of a run that has ended, and not to one of another run', async () => {
    const ticket = { ticket: 3, run: 7, kind: 'EMERGENCY_REVIEW', reason: 'UNEXPLAINED_ALERTS', expiresAt: '2026-11-27T11:00:00Z' }
    const harness = (tickets: unknown) => answers({ '/v1/runs/7': aRun({ state: 'ROLLED_BACK' }), '/v1/tickets?state=OPEN': tickets })
    const { text, html } = await shown(runPage, { answers: harness([ticket]), params })
    expect(html).toContain('href="/reviews/3"')
    expect(text).toContain('Run 7 has ended; its ticket waits for a decision.')
    expect((await shown(runPage, { answers: harness([{ ...ticket, run: 8 }]), params })).text).toContain('so there is nothing to decide')
    expect((await shown(runPage, { answers: harness(AWAY), params })).text).toContain('tickets of this run could not be loaded')
  })

  it('offers a rollback only of policies whose rule is still in force', async () => {
    const policies = ['pm25', 'ozone'].map((id) => ({ id, version: '2.0.0', digest: 'sha256:1122' }))
    const of = async (...ids: string[]) => {
      const replaced = ids.map((id) => ({ id, now: '1.0.0' }))
      return shown(runPage, { answers: answers({ '/v1/runs/7': aRun({ state: 'SUCCEEDED', policies, replaced }) }), params })
    }
    expect((await of()).text).toContain('To reinstate the version before, take pm25, ozone back.')
    const partly = await of('pm25')
    expect(partly.text).toContain('To reinstate the version before, take ozone back.')
    expect(partly.html).toContain('href="/policies/ozone/rollback"')
    expect(partly.html).not.toContain('href="/policies/pm25/rollback"')
    const none = await of('pm25', 'ozone')
    expect(none.text).toContain('Run 7 has ended, so there is nothing to decide.')
    expect(none.text).not.toContain('live for all')
    expect(none.html).not.toContain('/rollback"')
  })

  it('replaces its decisions in an open page when the run advances', async () => {
    const { html } = await shown(runPage, { answers: answers(), params })
    expect(html).toMatch(/<section id="decide" data-live/)
  })

  it('shows what the change turns, as text and as plots', async () => {
    const group = (name: string, before: number, after: number) => {
      return { name, readings: 1419, before, after, newlyViolating: after - before, newlyCompliant: 0 }
    }
    const scenario = {
      ...group('', 30, 60),
      scenario: 'pm25-violation',
      policies: ['epa-pm25-limit'],
      from: '2023-01-01',
      to: '2023-12-31',
      newlyViolating: { count: 30, ids: ['virginia-2023:7'] },
      newlyCompliant: { count: 0, ids: [] },
      regions: [group('NCR', 30, 60)],
      sites: [],
      months: [group('2023-05', 1, 3), group('2023-06', 29, 57)],
      lost: 0,
    }
    const impact = { scenarios: [scenario], bots: [{ bot: 'inspector', readings: 1419, before: 30, after: 60 }], fields: [] }
    const simulation = { state: 'passed', reportDigest: 'sha256:99', report: { impact } }
    const { text, html } = await shown(runPage, { answers: answers({ '/v1/simulations/7': simulation }), params })
    expect(text).toContain('What the change turns')
    expect(text).toContain('30 newly violating, 0 newly compliant of 1,419 readings')
    expect(html).toContain('<h3>Predicted alerts of bots</h3>')
    expect(html).toContain('<svg class="impact-plot"')
    expect(html).not.toContain('style=')
    expect(text).toContain('hms-svc simulations show 7 --report impact.html')
    expect((await shown(runPage, { answers: answers(), params })).text).not.toContain('What the change turns')
  })

  const figures = {
    cohort: 10,
    control: 14,
    cohortHours: 2.5,
    controlHours: 0,
    cohortAlerts: 1,
    controlAlerts: 0,
    expected: 0.4,
    evidence: 3.25,
    limit: 20,
    power: 0.619,
    isDoublingExcluded: false,
    lacks: ['STALE_DATA'],
  }

  it('shows cohort and control side by side, the evidence up to its limit, and the time left', async () => {
    const canary = {
      scope: 'region:VA',
      publishedAt: '2026-11-26T11:58:00Z',
      observeUntil: '2026-11-26T12:02:05Z',
      leaseUntil: null,
      alerts: 1,
      unexplained: [{}],
      figures,
    }
    const { text } = await shown(runPage, { params: { number: '7' }, answers: { '/v1/runs/7': aRun(), '/v1/canaries/7': canary } })
    expect(text).toContain('Cohort 10 2.50 1 0.40 Control 14 0.00 0 0.00')
    expect(text).toContain('Evidence of a higher rate 3.3; the canary fails at 20.')
    expect(text).toContain('It could have seen a doubling in 61 of 100 cases; too little to exclude a doubling')
  })

  const steps = [
    { share: 500, scope: 'region:VA', scopeName: 'Virginia' },
    { share: 2500, scope: 'global', scopeName: 'all regions' },
  ]
  const underWay = {
    scope: 'region:VA',
    steps,
    passed: [{ step: 1 }],
    publishedAt: '2026-11-26T11:58:00Z',
    observeUntil: '2026-11-26T12:02:05Z',
    observeMs: 600_000,
    alerts: 0,
    unexplained: [],
  }
  const point = { cohortHours: 1, controlHours: 20, cohortAlerts: 0, controlAlerts: 0, expected: 0, evidence: 1, step: 1 }
  const series = [
    { ...point, at: '2026-11-26T11:58:00Z' },
    { ...point, at: '2026-11-26T11:59:00Z', cohortAlerts: 1, controlAlerts: 4, expected: 0.2, evidence: 3.25 },
  ]

  it('draws cohort, control and evidence of a canary over time, with the same numbers as a table', async () => {
    const canary = { ...underWay, figures, series }
    const { html, text } = await shown(runPage, { answers: answers({ '/v1/canaries/7': canary }), params })
    expect(Array.from(html.matchAll(/<svg[^>]* role="img" aria-label="([^"]*)"/g), ([, label]) => label)).toEqual([
      'Unexplained alerts over time: cohort: 1; at the rate of the control group: 0.2.',
      'Evidence of a higher rate over time: now: 3.3; the canary fails at: 20.',
    ])
    expect(html).toContain('<path class="canary-line canary-line--cohort" d="M30 112H310V64"')
    expect(html).toContain('<details id="canary-points">')
    expect(text).toContain('2026-11-26 11:59:00 UTC 1 1 1 4 20 3.25')
    const young = await shown(runPage, { answers: answers({ '/v1/canaries/7': { ...canary, series: series.slice(1) } }), params })
    expect(young.html).not.toContain('canary-line')
  })

  const rampOf = async (run: RunView, more = {}) => {
    const { html } = await shown(runPage, { answers: answers({ '/v1/runs/7': run, '/v1/canaries/7': { ...underWay, ...more } }), params })
    return Array.from(html.matchAll(/<li(?: class="ramp--passed")?( aria-current="step")?>([^<]*) <span>([^<]*)</g), ([, now, ...words]) =>
      [...words, now === undefined ? '' : '(filled)'].join(' ').trim(),
    )
  }

  it('shows the ramp as steps, the present one filled', async () => {
    const virginia = '5 % of Virginia'
    const everywhere = '25 % of all regions'
    expect(await rampOf(aRun())).toEqual([`${virginia} passed`, `${everywhere} now (filled)`, 'All bots next'])
    const verdict = (canary: StageVerdict, rollout: StageVerdict, state: RunState = 'ROLLING_OUT'): RunView => {
      const stages = aRun().stages.map((stage) => ({ ...stage, verdict: { canary, rollout }[stage.stage as 'canary'] ?? stage.verdict }))
      return aRun({ stages, state })
    }
    const failed = await rampOf(verdict('FAIL', 'PENDING', 'FAILED'), { passed: [] })
    expect(failed).toEqual([`${virginia} ended here (filled)`, `${everywhere} not reached`, 'All bots not reached'])
    expect((await rampOf(verdict('PASS', 'RUNNING'))).at(-1)).toBe('All bots now (filled)')
    expect((await rampOf(verdict('PASS', 'PASS'))).at(-1)).toBe('All bots passed')
  })

  it('counts an observation down by a ring', async () => {
    const run = aRun({ continuesAt: '2026-11-26T12:02:05Z' })
    const { html } = await shown(runPage, { answers: answers({ '/v1/runs/7': run, '/v1/canaries/7': underWay }), params })
    expect(html).toMatch(/<p class="countdown" role="timer" aria-label="Time left"><svg class="ring" [^>]*aria-hidden/)
    expect(html).toContain('pathLength="100" stroke-dasharray="20.8 100"')
    expect(html).toContain('data-of="10 min" data-of-ms="600000">2 min 5 sec of 10 min left</span>')
  })

  it.each([
    ['2026-11-26T12:02:05Z', ['<p class="countdown" role="timer"><span data-until="2026-11-26T12:02:05Z">2 min 5 sec left</span></p>']],
    ['2026-11-26T11:59:00Z', []],
    [undefined, []],
  ])('counts down to %s', async (continuesAt, timers) => {
    const run = aRun(continuesAt === undefined ? {} : { continuesAt })
    const { html } = await shown(runPage, { answers: answers({ '/v1/runs/7': run }), params })
    expect(html.match(/<p [^>]*role="timer".*?<\/p>/g) ?? []).toEqual(timers)
  })

  it('shows how far a replay is that is under way', async () => {
    const simulation = { state: 'waiting', reportDigest: null, progress: { done: 12, total: 64 }, report: null }
    const { text } = await shown(runPage, { answers: answers({ '/v1/simulations/7': simulation }), params })
    expect(text).toContain('Replaying: 12 of 64 programs done')
  })

  it.each(RUN_STATES)('has a text for %s', async (state) => {
    const { text } = await shown(runPage, { answers: answers({ '/v1/runs/7': aRun({ state }) }), params })
    expect(text).not.toContain(state.includes('_') ? state : 'undefined')
    expect(text).toMatch(/(What happens next|How it ended) \w+/)
  })

  it('shows the decision that leads on from a pause, and what became of decisions', async () => {
    const decisions = [
      { id: 'd', decision: 'resume', by: 'EPA Chief', reason: 'bots are back', at: '2026-11-26T11:30:00Z', outcome: 'late' },
    ]
    const run = { ...aRun({ state: 'PAUSED', reason: 'ACK_TIMEOUT' }), decisions }
    const { text } = await shown(runPage, { answers: answers({ '/v1/runs/7': run }), params })
    expect(text).toContain('Paused (acknowledgements missing)')
    expect(text).toContain('hms-svc runs resume 7 --reason TEXT --sign NAME')
    expect(text).toContain('bots are back came too late')
  })

  it('requests no evidence of stages that have not begun', async () => {
    const stages = aRun().stages.map((stage) => ({ ...stage, verdict: 'PENDING' as const, startedAt: null, endedAt: null }))
    const { paths, text } = await shown(runPage, { answers: answers({ '/v1/runs/7': aRun({ state: 'QUEUED', stages }) }), params })
    expect(paths.filter((path) => /simulations|canaries/.test(path))).toEqual([])
    expect(text).toContain('No stage has judged it yet.')
  })

  it('escapes what people and services wrote, and writes out what hides text', async () => {
    const evil = '<script>alert(1)</script>"\u202e\u001b[31m'
    const run = aRun({ state: 'PAUSED', reason: evil, policies: [{ id: 'x', version: evil, digest: 'sha256:1' }] })
    run.stages[0]!.detail = evil
    const said = { ...approval, signedBy: [evil], reasons: [{ name: evil, reason: evil }] }
    const { html } = await shown(runPage, { answers: answers({ '/v1/runs/7': run, '/v1/approvals/sha256%3Aaabbccdd': said }), params })
    expect(html).not.toContain('<script>alert')
    for (const control of ['\u202e', '\u001b']) expect(html).not.toContain(control)
    expect(html).toContain('&lt;script>alert(1)')
    expect(html).toContain('\\u{202e}\\u{1b}[31m')
  })

  it('is a 404 for a run that is not there, and for what is no number', async () => {
    const none = await shown(runPage, { answers: { '/v1/runs/7': MISSING }, params })
    expect(none.status).toBe(404)
    expect(none.text).toContain('There is none.')
    const word = await shown(runPage, { answers: {}, params: { number: '../v1/x' } })
    expect(word.status).toBe(404)
    expect(word.paths).toEqual([])
  })

  it('names the service that is down, or the missing right, and never shows an empty list instead', async () => {
    const away = await shown(runPage, { answers: { '/v1/runs/7': AWAY }, params })
    expect(away.status).toBe(200)
    expect(away.text).toContain('approver did not respond within 2.5 s. This says nothing about whether there are any.')
    const denied = await shown(runPage, { answers: { '/v1/runs/7': DENIED }, params })
    expect(denied.text).toContain('Not allowed to see the run')
    const partly = await shown(runPage, { answers: answers({ '/v1/audit/entries?run=7&limit=1000&acts=true': AWAY }), params })
    expect(partly.text).toContain('Signed by EPA Chief')
    expect(partly.text).toContain('The recorded events of this run could not be loaded')
  })

  it('names who acted in the events of the log', async () => {
    const acts = [
      { by: ['EPA Chief'], decision: 'sign', policies: [{ id: 'epa-pm25-limit', version: '2.0.0' }], reason: null, statements: [] },
    ]
    const approved = { ...entry, type: 'hms.approval.approved.v1', acts }
    const { text } = await shown(runPage, { answers: answers({ '/v1/audit/entries?run=7&limit=1000&acts=true': [approved] }), params })
    expect(text).toContain('Entry 3 EPA Chief approved epa-pm25-limit@2.0.0 EPA Chief Run')
  })
})
