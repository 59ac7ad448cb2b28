import { peekPredicate, type RunDossier, type ScenarioRule } from '#libs/contracts'
import { boundaryReadings, compileScenario, type PolicyDocument, type Scenario } from '#libs/policy'
import type { Reading } from '../replay/reading.js'
import { scenarioInputs, type ScenarioInputs } from '../replay/scenario-inputs.js'

export interface PoliciesOfRun {
  /** In force before the run; a first version is missing here. */
  before: Record<string, PolicyDocument>
  after: Record<string, PolicyDocument>
}

/** Old and new documents of a run, from what was signed. */
export function policiesOf(dossier: RunDossier): PoliciesOfRun {
  const before: Record<string, PolicyDocument> = {}
  const after: Record<string, PolicyDocument> = {}
  for (const release of dossier.releases) {
    after[release.id] = policyOf(release.envelope)
    const live = dossier.live[release.id]
    if (live !== null && live !== undefined) before[release.id] = policyOf(live.envelope)
  }
  return { before, after }
}

/** Scenarios that speak of a policy of the run; canary-controller explains alerts with the same ones. */
export function rulesOf(dossier: RunDossier, scenarios: readonly Scenario[]): ScenarioRule[] {
  const ids = dossier.releases.map((release) => release.id)
  return scenarios.filter((scenario) => scenario.policies.some((id) => ids.includes(id))).map(({ id, policies, alert }) => ({ id, policies, alert }))
}

/** What one scenario needs to be replayed; `undefined` when it speaks of policies that this run does not carry. */
export function inputsOf(scenario: Scenario, readings: readonly Reading[], { before, after }: PoliciesOfRun): ScenarioInputs | undefined {
  const compiled = compileScenario(scenario)
  if (!compiled.ok || !scenario.policies.every((id) => after[id] !== undefined)) return undefined
  const first = scenario.policies.some((id) => before[id] === undefined)
  const template = readings[0]
  const boundary = template === undefined ? [] : boundaryReadings(scenario, first ? [after] : [before, after], template)
  return scenarioInputs({
    scenario: scenario.id,
    policies: scenario.policies,
    readings,
    boundary: boundary as Reading[],
    before: first ? null : before,
    after,
    oracle: (reading, policies) => compiled.verdict(reading, policies as Record<string, PolicyDocument>),
  })
}

function policyOf(envelope: RunDossier['releases'][number]['envelope']): PolicyDocument {
  return peekPredicate<{ policy: PolicyDocument }>(envelope).policy
}
