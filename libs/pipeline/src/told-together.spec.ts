import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CoverageReport, PublishedHead, RunDossier } from '#libs/contracts'
import type { Canary, CanaryMember } from './canary/canary.js'
import { onCoverage, onPublished } from './canary/decide-canary.js'
import { onCoverageChanged, onHeadsPublished, type Rollout } from './rollout/rollout.js'

const AT = '2026-01-01T00:00:00.000Z'
const POLICIES = ['a', 'b', 'c']
const nobody = { published: false, connected: 0, expected: 0, acknowledged: 0, silent: [] }
const member = (policy: string): CanaryMember => ({ policy, seq: 1, release: policy, base: null, share: 500, heard: false, ...nobody })
const run = { run: 7, attempt: 1, key: 'a', state: 'publishing' as const, dossier: {} as RunDossier, causationId: '', traceparent: null }
const CANARY: Canary = {
  ...run,
  scope: 'region:NCR',
  scopeName: 'NCR',
  requestedShare: 500,
  observeMs: 0,
  members: POLICIES.map(member),
  publishedAt: null,
  observeUntil: null,
  leaseUntil: AT,
  counted: [],
  alerting: [],
  unexplained: [],
  observed: false,
  scenarios: [],
}
const ROLLOUT: Rollout = {
  ...run,
  bakeMs: 0,
  quorum: 10_000,
  promoted: false,
  baked: false,
  members: POLICIES.map((policy) => ({ policy, seq: 1, release: policy, version: '1.0.0', ...nobody })),
}

const heads = (scope: string, connected: number, smallestBucket: number | null = null): fc.Arbitrary<PublishedHead[]> =>
  fc.shuffledSubarray(POLICIES, { minLength: 1 }).map((policies) =>
    policies.map((policy) => {
      const audience = { connected, cohort: smallestBucket === null ? connected : 0, smallestBucket }
      return { policy, scope, seq: 1, release: policy, revision: 1, applied: true, audience }
    }),
  )
const reports = (scope: string): fc.Arbitrary<CoverageReport[]> =>
  fc
    .array(fc.record({ policy: fc.constantFrom(...POLICIES, 'other'), seq: fc.integer({ min: 1, max: 2 }), acknowledged: fc.nat(3) }))
    .map((told) => {
      const newest = new Map(told.map((one) => [one.policy, one]))
      return [...newest.values()].map(({ policy, seq, acknowledged }) => ({
        policy,
        revision: 1,
        scopes: [{ scope, seq, release: policy, expected: 3, acknowledged, silent: [] }],
      }))
    })

describe('heads and numbers that come together', () => {
  it('lead a canary and a rollout to where they would lead one by one', () => {
    fc.assert(
      fc.property(heads('region:NCR', 3), reports('region:NCR'), heads('global', 3), reports('global'), (part, seen, stable, run) => {
        const canary = onPublished(CANARY, part, AT).canary
        expect(canary).toEqual(part.reduce((before, head) => onPublished(before, [head], AT).canary, CANARY))
        expect(onCoverage(canary, seen).canary).toEqual(seen.reduce((before, report) => onCoverage(before, [report]).canary, canary))
        const rollout = onHeadsPublished(ROLLOUT, stable).rollout
        expect(rollout).toEqual(stable.reduce((before, head) => onHeadsPublished(before, [head]).rollout, ROLLOUT))
        const covered = run.reduce((before, report) => onCoverageChanged(before, [report]).rollout, rollout)
        expect(onCoverageChanged(rollout, run).rollout.members).toEqual(covered.members)
      }),
    )
  })

  it('wait, once all are stored, for bots, and not before', () => {
    const all = (scope: string): PublishedHead[] => fc.sample(heads(scope, 3), 100).find(({ length }) => length === POLICIES.length)!
    expect(onPublished(CANARY, all('region:NCR').slice(1), AT).step).toEqual({ do: 'nothing' })
    expect(onPublished(CANARY, all('region:NCR'), AT).step).toEqual({ do: 'await' })
    expect(onHeadsPublished(ROLLOUT, all('global').slice(1)).step).toEqual({ do: 'nothing' })
    expect(onHeadsPublished(ROLLOUT, all('global')).step).toEqual({ do: 'await' })
    expect(onHeadsPublished(ROLLOUT, all('region:NCR'))).toEqual({ rollout: ROLLOUT, step: { do: 'nothing' } })
  })

  it('widen each member whose share takes in nobody, all in one step', () => {
    const [stored] = fc.sample(heads('region:NCR', 3, 700), 1) as [PublishedHead[]]
    const { canary, step } = onPublished(CANARY, stored, AT)
    const widened = canary.members.filter(({ share }) => share === 701)
    expect(widened.map(({ policy, published }) => [policy, published])).toEqual(
      POLICIES.filter((policy) => stored.some((head) => head.policy === policy)).map((policy) => [policy, false]),
    )
    expect(step).toEqual({ do: 'widen', members: widened })
  })
})
