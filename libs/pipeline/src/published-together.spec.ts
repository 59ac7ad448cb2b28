import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CoverageReport, PublishedHead } from '#libs/contracts'
import type { Canary } from './canary/canary.js'
import { decideCanary } from './canary/decide.js'
import type { CanaryEffect, CanaryInput } from './canary/inputs-and-effects.js'
import { decideRollout } from './rollout/decide.js'
import type { RolloutEffect, RolloutInput } from './rollout/inputs-and-effects.js'
import type { CanaryMember } from './canary/members.js'
import type { Rollout } from './rollout/rollout.js'
import type { Decision } from './stage/decision.js'
import { DOSSIER } from './testing/samples.js'

const AT = '2026-01-01T00:00:00.000Z'
const POLICIES = ['a', 'b', 'c']
const empty = { published: false, connected: 0, expected: 0, acknowledged: 0, silent: [] }
const member = (policy: string): CanaryMember => ({ policy, seq: 1, release: policy, base: null, share: 500, heard: false, ...empty })
const run = { run: 7, attempt: 1, key: 'a', state: 'publishing' as const, dossier: DOSSIER, causationId: '', traceparent: null }
const RULES = { windowMs: 60_000, alertsPerBotDay: 0 }
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
  frozen: null,
  scenarios: [],
}
const ROLLOUT: Rollout = {
  ...run,
  bakeMs: 0,
  quorum: 10_000,
  promoted: false,
  baked: false,
  members: POLICIES.map((policy) => ({ policy, seq: 1, release: policy, version: '1.0.0', ...empty })),
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
    .map((reported) => {
      const newest = new Map(reported.map((one) => [one.policy, one]))
      return [...newest.values()].map(({ policy, seq, acknowledged }) => ({
        policy,
        revision: 1,
        scopes: [{ scope, seq, release: policy, expected: 3, acknowledged, silent: [] }],
      }))
    })

const now = new Date(AT)
const onCanary = (canary: Canary, input: CanaryInput): Decision<Canary, CanaryEffect> =>
  decideCanary(canary, input, { now, acknowledgeMs: 1_000, leaseMs: 9_000, measureMs: 10_000, evidence: 'optional', rules: RULES })
const onRollout = (rollout: Rollout, input: RolloutInput): Decision<Rollout, RolloutEffect> =>
  decideRollout(rollout, input, { now, publishMs: 1_000, acknowledgeMs: 1_000 })
const kindsOf = ({ effects }: Decision<unknown, { do: string }>): string[] => effects.map((effect) => effect.do)

describe('heads and coverage reported together', () => {
  it('have the same result for canary and rollout as one by one', () => {
    fc.assert(
      fc.property(heads('region:NCR', 3), reports('region:NCR'), heads('global', 3), reports('global'), (part, seen, stable, run) => {
        const canary = onCanary(CANARY, { type: 'published', heads: part, at: AT }).state
        expect(canary).toEqual(part.reduce((before, head) => onCanary(before, { type: 'published', heads: [head], at: AT }).state, CANARY))
        const watched = onCanary(canary, { type: 'covered', reports: seen }).state
        expect(watched).toEqual(seen.reduce((before, report) => onCanary(before, { type: 'covered', reports: [report] }).state, canary))
        const rollout = onRollout(ROLLOUT, { type: 'published', heads: stable }).state
        expect(rollout).toEqual(stable.reduce((before, head) => onRollout(before, { type: 'published', heads: [head] }).state, ROLLOUT))
        const covered = run.reduce((before, report) => onRollout(before, { type: 'covered', reports: [report] }).state, rollout)
        expect(onRollout(rollout, { type: 'covered', reports: run }).state.members).toEqual(covered.members)
      }),
    )
  })

  it('start the wait for acknowledgements only when all heads are stored', () => {
    const all = (scope: string): PublishedHead[] => fc.sample(heads(scope, 3), 100).find(({ length }) => length === POLICIES.length)!
    const [part, stable] = [all('region:NCR'), all('global')]
    expect(kindsOf(onCanary(CANARY, { type: 'published', heads: part.slice(1), at: AT }))).toEqual([])
    expect(onCanary(CANARY, { type: 'published', heads: part, at: AT }).effects).toEqual([
      { do: 'schedule', timer: 'acknowledge', inMs: 1_000 },
    ])
    expect(kindsOf(onRollout(ROLLOUT, { type: 'published', heads: stable.slice(1) }))).toEqual([])
    expect(kindsOf(onRollout(ROLLOUT, { type: 'published', heads: stable }))).toEqual(['cancel', 'emit', 'schedule'])
    expect(onRollout(ROLLOUT, { type: 'published', heads: part })).toEqual({ state: ROLLOUT, effects: [] })
  })

  it('widen all members whose share has no bot in one step', () => {
    const [stored] = fc.sample(heads('region:NCR', 3, 700), 1) as [PublishedHead[]]
    const { state, effects } = onCanary(CANARY, { type: 'published', heads: stored, at: AT })
    const widened = state.members.filter(({ share }) => share === 701)
    const policies = POLICIES.filter((policy) => stored.some((head) => head.policy === policy))
    expect(widened.map(({ policy, published }) => [policy, published])).toEqual(policies.map((policy) => [policy, false]))
    expect(effects).toEqual([{ do: 'issueHeads', fast: false, policies }])
  })
})
