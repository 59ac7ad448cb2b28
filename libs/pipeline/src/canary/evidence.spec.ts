import { describe, expect, it } from 'vitest'
import type { CarriedRelease, CoverageReport, PublishedHead, RunDossier } from '#libs/contracts'
import { NCR, RampScenario } from '../testing/ramp-scenario.js'
import { CANARY_CONTEXT, DOSSIER, NOW, ORIGIN } from '../testing/samples.js'
import { newCanary, summaryOf, type Canary } from './canary.js'
import { decideCanary } from './decide.js'
import type { CanaryEffect, CanaryInput } from './inputs-and-effects.js'
import { cohortSizeBounds } from './watch.js'

const VIRGINIA = 'region:VA'
const STEPS = [NCR, VIRGINIA].map((scope) => ({ share: 500, scope, scopeName: scope.replace('region:', '') }))

describe('given a ramp at its second region', () => {
  const inVirginia = (): RampScenario =>
    new RampScenario(STEPS)
      .stored(100, 5)
      .covered({ [NCR]: [5, 5, 95] })
      .due('observe')
      .mayGrow()

  it('when no bot is connected there, then bots of the first region are no evidence: it pauses and names the second region', () => {
    const scenario = inVirginia()
      .stored(0)
      .covered({ [NCR]: [5, 5, 95], [VIRGINIA]: [0, 0] })
    expect(scenario.canary.state).toBe('observing')
    scenario.due('observe')
    expect(scenario.canary.state).toBe('paused')
    expect(scenario.effects.at(-1)).toMatchObject({ data: { reason: 'NO_EVIDENCE', detail: 'NO_EVIDENCE: no bot of region VA connected' } })
  })

  it('when bots of that region acknowledge, then the step passes and reports their number', () => {
    const scenario = inVirginia()
      .stored(30, 2)
      .covered({ [NCR]: [5, 5, 95], [VIRGINIA]: [2, 2, 28] })
    expect(summaryOf(scenario.canary)).toMatch(/^2 of 2 bots acknowledged/)
    scenario.due('observe')
    expect(scenario.canary.passed?.at(-1)).toMatchObject({ step: 2, basis: 'observed', cohort: 2, connected: 30 })
  })
})

describe('given a canary of a bundle', () => {
  const policies = ['ozone-limit', 'pm25-limit']
  const releases = policies.map((id): CarriedRelease => ({ ...DOSSIER.releases[0]!, id, releaseDigest: `sha256:${id}` }))
  const live = Object.fromEntries(policies.map((id) => [id, { ...DOSSIER.releases[0]!, id, releaseDigest: 'sha256:old' }]))
  const dossier: RunDossier = { ...DOSSIER, releases, live }

  function observed(
    connected: Record<string, number>,
    heard: Record<string, number>,
    came: Record<string, number> = connected,
  ): { state: Canary; effects: readonly CanaryEffect[] } {
    const heads = policies.map((policy): PublishedHead => {
      const bots = connected[policy] ?? 0
      const audience = { connected: bots, cohort: bots, smallestBucket: bots > 0 ? 12 : null }
      return { policy, scope: NCR, seq: 0, release: `sha256:${policy}`, revision: 3, applied: true, audience }
    })
    const reports = policies.map((policy): CoverageReport => {
      const bots = heard[policy] ?? 0
      return {
        policy,
        revision: 3,
        scopes: [{ scope: NCR, seq: 0, release: '', expected: bots, acknowledged: bots, control: came[policy] ?? 0, silent: [] }],
      }
    })
    const inputs: CanaryInput[] = [
      { type: 'opened', dossier, isProven: true, frozen: null },
      { type: 'published', heads, at: NOW.toISOString() },
      { type: 'covered', reports },
      { type: 'due', timer: 'acknowledge' },
      { type: 'due', timer: 'observe' },
    ]
    const fresh = newCanary(dossier, { ...ORIGIN, dossier, scenarios: [] }, { now: NOW, begins: new Map() })
    return inputs.reduce<{ state: Canary; effects: readonly CanaryEffect[] }>(
      ({ state }, input) => decideCanary(state, input, CANARY_CONTEXT),
      { state: fresh, effects: [] },
    )
  }

  it.each([
    ['connected with', { 'pm25-limit': 5 }, { 'pm25-limit': 5 }, 'NO_EVIDENCE: no bot of region NCR connected with ozone-limit'],
    [
      'acknowledged',
      { 'pm25-limit': 5, 'ozone-limit': 2 },
      { 'pm25-limit': 5 },
      'NO_EVIDENCE: no bot of region NCR acknowledged ozone-limit',
    ],
    ['connected at all', {}, {}, 'NO_EVIDENCE: no bot of region NCR connected'],
  ] as const)(
    'when no bot %s one of its policies, then bots of the other policy are no evidence: the detail names the first',
    (_, connected, heard, detail) => {
      const { state, effects } = observed(connected, heard)
      expect(state.state).toBe('paused')
      expect(effects.at(-1)).toMatchObject({ data: { reason: 'NO_EVIDENCE', detail } })
    },
  )

  it.each([
    [{ 'ozone-limit': 3, 'pm25-limit': 5 }, { 'pm25-limit': 5 }, 'was connected with ozone-limit when the canary began'],
    [{ 'ozone-limit': 3, 'pm25-limit': 3 }, {}, 'was connected when the canary began'],
  ] as const)(
    'when bots connect only after its heads are stored, then the detail states that none was connected at the beginning',
    (came, heard, what) => {
      const { effects } = observed(heard, heard, came)
      expect(effects.at(-1)).toMatchObject({ data: { detail: `NO_EVIDENCE: no bot of region NCR ${what}` } })
    },
  )

  it('when no bot is below the share of one policy, then the share of all grows, and their heads are issued together', () => {
    const audiences = {
      'ozone-limit': { connected: 9, cohort: 1, smallestBucket: 3 },
      'pm25-limit': { connected: 4, cohort: 0, smallestBucket: 811 },
    }
    const heads = Object.entries(audiences).map(([policy, audience]): PublishedHead => {
      return { policy, scope: NCR, seq: 0, release: `sha256:${policy}`, revision: 3, applied: true, audience }
    })
    const fresh = newCanary(dossier, { ...ORIGIN, dossier, scenarios: [] }, { now: NOW, begins: new Map() })
    const { state } = decideCanary(fresh, { type: 'opened', dossier, isProven: true, frozen: null }, CANARY_CONTEXT)
    const stored: CanaryInput = { type: 'published', heads, at: NOW.toISOString() }
    const widened = decideCanary(state, stored, CANARY_CONTEXT)
    expect(widened.state.members.map(({ share, published }) => [share, published])).toEqual([
      [812, false],
      [812, false],
    ])
    expect(widened.effects).toEqual([{ do: 'issueHeads', fast: false, policies }])
    expect(widened.state.members.map(({ shown }) => shown)).toEqual(
      policies.map(() => [{ share: DOSSIER.plan.share, since: NOW.toISOString() }]),
    )
    const { cohortKey: _key, ...earlier } = state
    const alone = decideCanary(earlier, stored, CANARY_CONTEXT)
    expect(alone.effects).toEqual([{ do: 'issueHeads', fast: false, policies: ['pm25-limit'] }])
  })

  it('counts one cohort if all bots read all policies, and bounds of its size otherwise', () => {
    const [one, two] = [
      { policy: 'a', cohort: 3, connected: 40 },
      { policy: 'b', cohort: 3, connected: 40 },
    ]
    expect(cohortSizeBounds({ cohortKey: 'a' }, [one, two])).toEqual({ least: 3, most: 3, connected: 40 })
    expect(cohortSizeBounds({ cohortKey: 'a' }, [one, { ...two, cohort: 2 }])).toEqual({ least: 3, most: 5, connected: 40 })
    expect(cohortSizeBounds({}, [one, two])).toEqual({ least: 3, most: 6, connected: 40 })
  })

  it('when a bot acknowledged each of its policies, then it passes', () => {
    const { effects } = observed({ 'pm25-limit': 5, 'ozone-limit': 2 }, { 'pm25-limit': 5, 'ozone-limit': 2 })
    expect(effects.at(-1)).toMatchObject({ do: 'pass', basis: 'observed' })
  })
})
