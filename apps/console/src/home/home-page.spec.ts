import { readFile } from 'node:fs/promises'
import { SERVICES, type RunState } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { statusPage } from '../status/status-page.js'
import { aRun, AWAY, DENIED, shown, type Harness } from '../testing/shown.js'
import { homePage } from './home-page.js'
import { badlyEnded } from './trouble.js'

const ASSETS = new URL('../../assets/', import.meta.url)
const STOP = { id: 'stop-the-line', scope: 'global', reason: 'drill', by: 'EPA Chief', state: 'ACTIVE', next: null }
const well = { services: SERVICES.map((service) => ({ service, database: 'up', migrations: 'current', broker: 'up' })) }
const ended = (run: number, state: RunState, id = 'pm25') => aRun({ run, state, policies: [{ id, version: '1.0.0', digest: 'sha256:1' }] })

const asked = { '/v1/tickets?state=OPEN': [], '/v1/tickets': [], '/v1/freezes': [] }

function answers(more: Record<string, unknown> = {}): Harness['answers'] {
  const letters = Object.fromEntries(SERVICES.map((service) => [`/v1/dead-letters/${service}?state=waiting&limit=200`, []]))
  return { ...letters, '/v1/policies': [], '/v1/runs?open=yes': [], '/v1/runs': [], '/v1/approvals?state=open': [], ...asked, ...more }
}
const home = (more: Record<string, unknown> = {}, health: unknown = well) =>
  shown(homePage, { answers: answers(more), health: () => health, header: true })

describe('home', () => {
  it('reports that nothing waits and nothing is wrong only where that is known', async () => {
    const quiet = await home()
    expect(quiet.text).toContain('0 policies in force. 0 runs under way. Nothing is known to be wrong.')
    expect(quiet.text).toContain('Nothing waits for a signature or a decision.')
    expect(quiet.paths).not.toContain('/v1/tickets')
    const dark = await home({ '/v1/approvals?state=open': AWAY })
    expect(dark.text).not.toContain('Nothing waits for a signature or a decision.')
    expect(dark.text).toContain('The approvals could not be loaded')
    expect((await home({ '/v1/approvals?state=open': DENIED })).text).toContain('Not allowed to see the approvals')
    expect((await home({ '/v1/approvals?state=open': DENIED })).html).toContain('<a href="/docs/reference/pages">how</a>')
  })

  it('pictures the bots of a run that changes them, else of the policy in force that a run changed last', async () => {
    const policies = ['ozone', 'pm25'].map((id) => ({ id, version: '1.0.0', value: {}, provenance: { run: 1, approvedBy: [] } }))
    const named = (id: string) => [{ id, version: '2.0.0', digest: 'sha256:1' }]
    const waiting = aRun({ run: 9, state: 'AWAITING_APPROVAL', policies: named('lead') })
    const runs = { '/v1/policies': policies, '/v1/runs': [waiting, aRun({ state: 'SUCCEEDED', policies: named('pm25') })] }
    const asked = async (open: unknown[]) => (await home({ ...runs, '/v1/runs?open=yes': open })).paths
    expect(await asked([waiting])).toContain('/v1/coverage?policy=pm25&bots=all')
    expect(await asked([waiting, aRun({ run: 8, policies: named('no2') })])).toContain('/v1/coverage?policy=no2&bots=all')
  })

  it('lists the runs that ended last, with their age', async () => {
    const runs = [aRun({ run: 9 }), aRun({ run: 8, state: 'SUCCEEDED', endedAt: '2026-11-26T11:30:00Z' })]
    const { text } = await home({ '/v1/runs': runs })
    expect(text).toMatch(/Ended last Run 8 epa-pm25-limit@2\.0\.0 ✓ Succeeded 30 min ago/)
  })

  it('says what a run under way does or waits for', async () => {
    const stages = aRun().stages.map((stage) => ({
      ...stage,
      ...(stage.stage === 'canary' ? { detail: 'held until 2026-12-24T00:00:00Z' } : {}),
    }))
    const { text } = await home({ '/v1/runs?open=yes': [aRun({ state: 'WAITING', stages })] })
    expect(text).toMatch(/Run 7 epa-pm25-limit@2\.0\.0 . Waiting held until 2026-12-24 00:00:00 UTC/)
  })

  it('shows what needs a person: signatures and pauses', async () => {
    const approval = {
      digest: 'sha256:1',
      run: 9,
      state: 'AWAITING_APPROVAL',
      policies: [{ id: 'pm25', version: '2.0.0' }],
      signedBy: ['EPA Chief'],
      missing: ['counsel'],
      expiresAt: '2026-12-01T00:00:00Z',
    }
    const paused = aRun({ run: 8, state: 'PAUSED', reason: 'ACK_TIMEOUT' })
    const { text } = await home({ '/v1/approvals?state=open': [approval], '/v1/runs?open=yes': [paused] })
    expect(text).toContain('Run 9 : sign pm25@2.0.0 . Missing: counsel; signed by EPA Chief. Until 2026-12-01 00:00:00 UTC .')
    expect(text).toContain('Run 8 is paused (acknowledgements missing)')
  })

  it('names proposals that nobody has signed, and does not count them', async () => {
    const proposal = { digest: 'sha256:1', run: null, state: 'PREPARED', policies: [], signedBy: [], missing: ['chief'] }
    const under = { ...proposal, run: 3, state: 'ROLLING_OUT' }
    const { text } = await home({ '/v1/approvals?state=open': [proposal, under] })
    expect(text).toContain('Nothing waits for a signature or a decision. 1 proposal has no signature yet.')
    expect(text).toContain('✓ All well')
  })

  it('shows tickets of runs that have ended, and a paused run once', async () => {
    const ticket = {
      ticket: 3,
      run: 7,
      policies: [{ id: 'pm25', version: '2.0.0' }],
      reason: 'UNEXPLAINED_ALERTS',
      expiresAt: '2026-12-01T00:00:00Z',
    }
    const paused = aRun({ run: 8, state: 'PAUSED', reason: 'ACK_TIMEOUT' })
    const { text } = await home({ '/v1/tickets?state=OPEN': [ticket, { ...ticket, ticket: 4, run: 8 }], '/v1/runs?open=yes': [paused] })
    expect(text).toContain('Ticket 3 asks about Run 7 pm25@2.0.0 (unexplained alerts)')
    expect(text).toContain('Run 8 is paused')
    expect(text).not.toContain('Ticket 4')
  })

  it('shows an active freeze, a stop and a run by break-glass in the header, and none that has ended', async () => {
    const freeze = { id: 'election-week', scope: 'region:VA', reason: 'polls', by: 'EPA Chief', state: 'ACTIVE', next: null }
    const urgent = aRun({ run: 9, breakGlass: { by: ['Ann'], reason: 'wrong by ten' } as never })
    const answered = { '/v1/freezes': [freeze, STOP, { ...freeze, id: 'last-week', state: 'OVER' }], '/v1/runs?open=yes': [urgent] }
    const { text, html } = await home(answered)
    expect(text).toMatch(
      /✗ Stopped .*Stopped : no new rule is published anywhere, by EPA Chief: drill\..*Frozen : no new rule is published in region:VA/,
    )
    expect(text).toContain('Break-glass : Run 9 skips simulation and canary, by Ann: wrong by ten.')
    expect(html).toMatch(/<header.*id="holds".*<\/header>/s)
    expect(text).not.toContain('last-week')
  })

  it('says in the header whether all is well, how much needs a person, or that this is not known', async () => {
    expect((await home()).text).toMatch(/HMS-SVC dev .*✓ All well/)
    const paused = aRun({ run: 8, state: 'PAUSED' })
    expect((await home({ '/v1/runs?open=yes': [paused], '/v1/runs': [ended(5, 'FAILED')] })).text).toContain('! 2 things need a person')
    expect((await home({ '/v1/approvals?state=open': DENIED })).text).toContain('○ State not known')
  })

  it('has the elements and the classes by which script and styles know the header', async () => {
    const [script, styles] = await Promise.all(['console.js', 'console.css'].map((name) => readFile(new URL(name, ASSETS), 'utf8')))
    const header = /<header.*<\/header>/s.exec((await home({ '/v1/freezes': [STOP] })).html)![0]
    for (const id of /for \(const id of \[(.*)\]/.exec(script!)![1]!.matchAll(/[\w-]+/g)) expect(header).toContain(`id="${id[0]}"`)
    const classes = [...header.matchAll(/class="([^"]+)"/g)].flatMap(([, names]) => names!.trim().split(/ +/))
    expect(classes.filter((name) => !styles!.includes(`.${name}`))).toEqual([])
  })

  it('counts a thing once: a run that ended badly or is late has a ticket or a pause as well, and a closed ticket closes it', async () => {
    const ticket = {
      ticket: 3,
      run: 5,
      attempt: 1,
      kind: 'EMERGENCY_REVIEW',
      state: 'OPEN',
      policies: [],
      reason: 'A',
      expiresAt: '2026-12-01T00:00:00Z',
    }
    const failed = { '/v1/runs': [ended(5, 'ROLLED_BACK')] }
    const header = async (more: Record<string, unknown>) => /(\d+) things? needs?/.exec((await home({ ...failed, ...more })).text)?.[1]
    expect(await header({})).toBe('1')
    expect(await header({ '/v1/tickets?state=OPEN': [ticket], '/v1/tickets': [ticket] })).toBe('1')
    const late = aRun({ run: 8, state: 'PAUSED', late: true })
    expect(await header({ '/v1/runs?open=yes': [late], '/v1/runs': [] })).toBe('1')
    const closed = { '/v1/tickets': [{ ...ticket, state: 'DECIDED' }] }
    expect(await header(closed)).toBeUndefined()
    expect((await home({ ...failed, ...closed })).text).toContain('Nothing is known to be wrong.')
    for (const other of [{ attempt: 2 }, { run: 4 }, { kind: 'UNDELIVERED' }, { kind: 'INCONCLUSIVE' }])
      expect([other, await header({ '/v1/tickets': [{ ...ticket, state: 'DECIDED', ...other }] })]).toEqual([other, '1'])
  })

  it('does not call all well what it cannot see: dead letters of a service that is away, or that it may not read', async () => {
    const letters = '/v1/dead-letters/linter?state=waiting&limit=200'
    expect((await home({ [letters]: AWAY })).text).toContain('○ State not known')
    expect((await home({ [letters]: DENIED })).text).toContain('✓ All that is visible is well')
  })

  it('shows what is wrong: services, given-up messages, runs that ended badly', async () => {
    const letters = { '/v1/dead-letters/linter?state=waiting&limit=200': [{ id: 'a' }] }
    const body = { services: well.services.map((each) => (each.service === 'rollout' ? { ...each, broker: 'degraded' } : each)) }
    const { html, text } = await home({ ...letters, '/v1/runs': [ended(5, 'ROLLED_BACK')] }, body)
    expect(html).toContain('<a href="/dead-letters/a">1 message</a>')
    expect(text).toContain('3 things are wrong.')
    expect(text).toContain('Degraded rollout cannot reach the broker')
    expect(text).toContain('1 message could not be handled.')
    expect(text).toContain('Rolled back Run 5 pm25@1.0.0')
  })

  it('forgets a failure when a later run of its policy ended well', () => {
    const runs = [
      ended(9, 'SUCCEEDED'),
      ended(8, 'FAILED'),
      ended(7, 'FAILED', 'ozone'),
      ended(6, 'ROLLED_BACK', 'ozone'),
      aRun({ run: 5 }),
    ]
    expect(badlyEnded(runs, []).map(({ run }) => run)).toEqual([7])
  })
})

describe('status', () => {
  it('shows each service with the state of its best instance, and why', async () => {
    const all = await shown(statusPage, { answers: {}, health: () => well })
    expect(all.text).toContain(`All ${SERVICES.length} services are up.`)
    const one = await shown(statusPage, { answers: {}, health: (service) => (service === 'audit' ? undefined : well) })
    expect(one.text).toContain('Not well: audit (down).')
    expect(one.text).toContain('0 of 1 does not answer')
    const old = { services: [{ ...well.services[0], migrations: 'missing', concerns: ['look at the roster'] }] }
    const stale = await shown(statusPage, { answers: {}, health: () => old })
    expect(stale.text).toContain('its database schema is not current; look at the roster')
  })
})
