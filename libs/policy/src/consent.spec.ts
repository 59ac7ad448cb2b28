import { describe, expect, it } from 'vitest'
import type { RolloutPlan } from '#libs/contracts'
import { consentOf, type PolicyDocument, type SignedRelease, type VerifiedLive } from './index.js'

const POLICY: PolicyDocument = { id: 'pm25', version: '2.0.0', effective: '2024-09-01T00:00:00Z', limit: 3500, units: 'ug_per_m3' }
const LIVE: PolicyDocument = { ...POLICY, version: '1.0.0', limit: 35 }
const PLAN: RolloutPlan = { share: 10_000, scope: 'region:*', scopeName: 'a quiet corner', observeMs: 0, bakeMs: 60_000, partners: [] }
const RELEASE: SignedRelease = {
  policy: POLICY,
  previous: { version: '1.0.0', digest: 'sha256:live' },
  fallbacks: [{ version: '1.0.0', digest: 'sha256:live' }],
  author: 'Air Office',
  plan: PLAN,
}
const verified = (policy: PolicyDocument | null): ReadonlyMap<string, VerifiedLive> =>
  new Map([['pm25', { kind: 'verified', release: policy && { policy, digest: 'sha256:live' } }]])
const texts = (release: SignedRelease, live: ReadonlyMap<string, VerifiedLive>): string[] => {
  const { releases, plan } = consentOf([release], live)
  return [
    ...releases.flatMap(({ heading, verdict, remarks }) => [heading, ...[...verdict, ...remarks].map(({ text }) => text)]),
    ...plan.map(({ text }) => text),
  ]
}

describe('consent', () => {
  it('contains the difference from the live version, a magnitude warning, and the plan with name and scope', () => {
    const consent = consentOf([RELEASE], verified(LIVE))
    expect(consent.releases[0]!.changes).toMatchObject([{ field: 'limit', from: 35, to: 3500, units: 'ug_per_m3' }])
    expect(consent.authors).toEqual(['Air Office'])
    expect(texts(RELEASE, verified(LIVE))).toEqual([
      'pm25 1.0.0 → 2.0.0',
      'limit × 100: 35 → 3500',
      'Plan: canary 100 % of a quiet corner (region:*), observed for 0 sec, watched for 1 min after the rollout, no partners',
    ])
  })

  it('warns instead of showing an unverified difference, and never prints "no change"', () => {
    for (const live of [new Map(), new Map([['pm25', { kind: 'unverified', why: 'rollout is silent' } as const]])]) {
      const [release] = consentOf([RELEASE], live).releases
      expect([release!.changes, release!.live, release!.heading]).toEqual([undefined, undefined, 'pm25 2.0.0'])
      expect(release!.verdict).toMatchObject([{ tone: 'bad', text: expect.stringMatching(/^DIFFERENCE NOT VERIFIED: /) as string }])
    }
  })

  it('distinguishes a first version from equal values', () => {
    const first = { ...RELEASE, previous: null, fallbacks: [] }
    expect(texts(first, verified(null))[0]).toBe('pm25 2.0.0 (first version)')
    expect(consentOf([first], verified(null)).releases[0]!.changes).toHaveLength(3)
    expect(texts(RELEASE, verified({ ...POLICY, version: '1.0.0' }))[1]).toBe('no change of values')
  })

  it('warns if the release follows another version than the one in force', () => {
    for (const previous of [null, { version: '1.0.0', digest: 'sha256:older' }])
      expect(texts({ ...RELEASE, previous }, verified(LIVE)).join('\n')).toMatch(/It follows .*, but 1\.0\.0 .* is in force/)
    expect(texts(RELEASE, verified(null)).join('\n')).toMatch(/It follows 1\.0\.0 .*, but no version is in force/)
  })

  it('compares with the version in force, even if approver has not received the rollback to it', () => {
    const previous = { version: '1.5.0', digest: 'sha256:rolled-back' }
    const consent = consentOf([{ ...RELEASE, previous, fallbacks: [previous] }], verified(LIVE))
    expect(consent.releases[0]).toMatchObject({ live: '1.0.0', heading: 'pm25 1.0.0 → 2.0.0', changes: [{ field: 'limit', from: 35 }] })
    expect(consent.releases[0]!.remarks).toContainEqual({
      tone: 'bad',
      text:
        'It follows 1.5.0 (sha256:rolled-back…), but 1.0.0 (sha256:live…) is in force: its run waits for the run ahead, or ends STALE. ' +
        'If no run is ahead, approver has not received the last change yet; approve again later.',
    })
  })

  it('lists every step, metric and requirement of a plan, or break-glass instead', () => {
    const ramp = [
      { share: 500, scope: 'region:NCR', scopeName: 'NCR' },
      { share: 10_000, scope: 'region:*', scopeName: 'all regions' },
    ]
    const plan: RolloutPlan = { ...PLAN, ramp, partners: null, requireEvidence: true, metrics: [{ name: 'errors', query: 'x < bool 1' }] }
    expect(consentOf([{ ...RELEASE, plan }], verified(LIVE)).plan.map(({ text }) => text)).toEqual([
      'Plan: canary 5 % of NCR (region:NCR), then 100 % of all regions (region:*), observed for 0 sec each, with evidence, ' +
        'watched for 1 min after the rollout, all partners',
      'Metric errors must hold: x < bool 1',
    ])
    const glass = consentOf([{ ...RELEASE, breakGlass: { reason: 'plume' } }], verified(LIVE)).plan
    expect(glass).toMatchObject([
      { tone: 'bad', text: 'BREAK-GLASS: plume' },
      { tone: 'bad', text: expect.stringContaining('no canary') as string },
    ])
  })

  it('names target and reason of a rollback, and has no plan', () => {
    const rollback = { target: { version: '0.9.0', digest: 'sha256:target' }, reason: 'sensor' }
    const consent = consentOf([{ ...RELEASE, rollback }], verified(LIVE))
    expect([consent.isRollback, consent.plan]).toEqual([true, []])
    expect(texts({ ...RELEASE, rollback }, verified(LIVE))).toContain('Brings back 0.9.0. Public reason: sensor')
  })
})
