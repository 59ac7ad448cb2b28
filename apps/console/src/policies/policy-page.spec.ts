import type { PolicyHistoryEntry, PolicyView } from '#libs/contracts'
import { describe, expect, it } from 'vitest'
import { AWAY, MISSING, shown, type World } from '../testing/shown.js'
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
const answers = (more: Record<string, unknown> = {}): World['answers'] => ({
  '/v1/policies/epa-pm25-limit': policy,
  '/v1/policies/epa-pm25-limit/history?limit=50': [entry({})],
  '/v1/coverage?policy=epa-pm25-limit': {
    policy: 'epa-pm25-limit',
    revision: 4,
    total: 3,
    current: 2,
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
    expect(text).toContain('2 of 3 connected bots apply what they should at revision 4.')
    expect(text).toContain('bot-7')
    expect(text).toContain('limit 35 → 25 µg/m³')
  })

  it('shows the versions that bots apply, inside a canary and outside it', async () => {
    const versions = [
      { version: '2.0.0', digest: 'sha256:aa', total: 78 },
      { version: '2.1.0', digest: 'sha256:bb', total: 2 },
    ]
    const coverage = { policy: 'epa-pm25-limit', revision: 5, total: 80, current: 80, lagging: [], versions }
    const { text } = await shown(policyPage, { answers: answers({ '/v1/coverage?policy=epa-pm25-limit': coverage }), params })
    expect(text).toContain('They apply several versions: 2.0.0 by 78 bots, 2.1.0 by 2 bots.')
    expect(text).not.toContain('All current')
  })

  it('lists bots that left while behind beside the count, and shows where readers refuse the live version', async () => {
    const left = [
      { id: 'inspector-9', region: 'VA', revision: 3, since: '2026-11-01T00:00:00Z', leftAt: '2026-11-02T00:00:00Z', version: '1.0.0' },
    ]
    const refused = { version: '2.0.0', detail: 'two have to sign' }
    const coverage = { policy: 'epa-pm25-limit', revision: 5, total: 0, current: 0, lagging: [], versions: [], left, refused }
    const { text } = await shown(policyPage, { answers: answers({ '/v1/coverage?policy=epa-pm25-limit': coverage }), params })
    expect(text).toContain('No bot that names itself is connected.')
    expect(text).toContain('1 bot left in the last seven days before acknowledging what was in force, and did not return.')
    expect(text).toMatch(/inspector-9 1\.0\.0/)
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
    const withdrawn = answers({ '/v1/policies/epa-pm25-limit': MISSING, '/v1/coverage?policy=epa-pm25-limit': MISSING })
    const was = await shown(policyPage, { answers: withdrawn, params })
    expect(was.status).toBe(200)
    expect(was.text).toContain('It is not in force; it was.')
  })

  it('is a 404 for what never was, and none for a service that is away', async () => {
    const none = {
      '/v1/policies/epa-pm25-limit': MISSING,
      '/v1/policies/epa-pm25-limit/history?limit=50': MISSING,
      '/v1/coverage?policy=epa-pm25-limit': MISSING,
    }
    expect((await shown(policyPage, { answers: none, params })).status).toBe(404)
    const away = await shown(policyPage, { answers: answers({ '/v1/policies/epa-pm25-limit': AWAY }), params })
    expect(away.status).toBe(200)
    expect(away.text).toContain('The policy could not be loaded')
    expect(away.text).toContain('limit 35 → 25')
  })

  it('requests the policy in its address, whatever its characters', async () => {
    const { paths } = await shown(policyPage, { answers: {}, params: { id: '../runs?x=1' } })
    expect(paths[0]).toBe('/v1/policies/..%2Fruns%3Fx%3D1')
  })
})

describe('the list of policies', () => {
  it('lists rules with units and signers, and filters by id, title and tag', async () => {
    const all = await shown(policiesPage, { answers: { '/v1/policies': [policy] } })
    expect(all.text).toContain('limit 25 µg/m³')
    const fitting = await shown(policiesPage, { answers: { '/v1/policies': [policy] }, query: 'q=EPA' })
    expect(fitting.html).toContain('<a href="/policies/epa-pm25-limit">')
    const other = await shown(policiesPage, { answers: { '/v1/policies': [policy] }, query: 'q=ozone' })
    expect(other.text).toContain('No policies match these filters.')
  })
})

it.each([
  ['ug_per_m3', 'µg/m³'],
  ['mg_per_m3', 'mg/m³'],
  ['percent', 'percent'],
  [undefined, ''],
])('writes the unit %s as %s', (units, text) => {
  expect(unitText(units === undefined ? {} : { units })).toBe(text)
})
