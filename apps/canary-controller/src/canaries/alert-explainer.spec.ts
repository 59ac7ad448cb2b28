import { describe, expect, it } from 'vitest'
import type { CarriedRelease, RunDossier, ScenarioRule } from '#libs/contracts'
import type { Canary } from '#libs/pipeline'
import { AlertExplainer } from './alert-explainer.js'

const POLICY = 'pm25'
const release = (limit: number) =>
  ({ id: POLICY, statement: { predicate: { policy: { id: POLICY, limit } } } }) as unknown as CarriedRelease
const BOTH: ScenarioRule = {
  id: 'both',
  policies: [POLICY, 'ozone'],
  alert: 'reading.pm25 > policy.pm25.limit && reading.o3 > policy.ozone.limit',
}
const canaryOf = (...scenarios: ScenarioRule[]): Canary => {
  const dossier = { releases: [release(25)], live: { [POLICY]: release(35) } } as unknown as RunDossier
  return { dossier, scenarios, members: [{ policy: POLICY }] } as unknown as Canary
}
const explain = new AlertExplainer()
const reading = (pm25: number, o3: number) => ({ reading: { pm25, o3 } })

describe('an alert', () => {
  it('is explained with the policies in force outside the run, for bots in the cohort and outside it', () => {
    const canary = canaryOf({ ...BOTH, beside: { ozone: { limit: 60 } } })
    expect(explain.byNewPolicies(canary, reading(30, 70))).toEqual({ explained: true, reason: 'both' })
    expect(explain.byNewPolicies(canary, reading(30, 50))).toEqual({ explained: false, reason: 'both expects no alert here' })
    expect([explain.byPoliciesInForce(canary, reading(30, 70)), explain.byPoliciesInForce(canary, reading(40, 70))]).toMatchObject([
      { explained: false },
      { explained: true },
    ])
  })

  it('is not explained by a scenario that reads an unknown policy', () => {
    expect(explain.byNewPolicies(canaryOf(BOTH), reading(30, 70))).toEqual({
      explained: false,
      reason: 'no scenario applies to the policies',
    })
  })

  it('is judged by the release of the run, even if `beside` has another value of the same policy', () => {
    const canary = canaryOf({ ...BOTH, beside: { ozone: { limit: 60 }, [POLICY]: { limit: 100 } } })
    expect(explain.byNewPolicies(canary, reading(30, 70))).toMatchObject({ explained: true })
  })
})
