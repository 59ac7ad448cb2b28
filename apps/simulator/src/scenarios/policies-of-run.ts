import { type CarriedRelease, predicateIn, type RunDossier, type ScenarioRule } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { readByScenario, type Scenario } from '#libs/scenario'
import { onlyOf } from '../replay/reading.js'
import { SCENARIO_RULES_MAX_BYTES } from './scenario.table.js'

export interface PoliciesOfRun {
  /** Policies in force before the run. A policy without an earlier version is missing. */
  before: Record<string, PolicyDocument>
  after: Record<string, PolicyDocument>
  /** Ids of the policies of the run. */
  changed: string[]
}

/** Policies of a run and, in `beside`, the policies in force outside the run that bots and scenarios use, by id. */
export interface KnownPolicies extends PoliciesOfRun {
  beside: Record<string, PolicyDocument>
}

/** Reads the policies from the signed releases. */
export function policiesOf(dossier: RunDossier): PoliciesOfRun {
  const before: Record<string, PolicyDocument> = {}
  for (const [id, live] of Object.entries(dossier.live)) if (live !== null) before[id] = policyOf(live)
  const after = { ...before }
  for (const release of dossier.releases) after[release.id] = policyOf(release)
  return { before, after, changed: dossier.releases.map(({ id }) => id) }
}

/** Whether no policy of the run was ever live. */
export function isFirstVersion({ before, changed }: PoliciesOfRun): boolean {
  return changed.every((id) => before[id] === undefined)
}

/** Returns the scenarios that name a policy of the run. */
export function scenariosOf({ changed }: PoliciesOfRun, scenarios: readonly Scenario[]): Scenario[] {
  const ids = new Set(changed)
  return scenarios.filter((scenario) => scenario.policies.some((id) => ids.has(id)))
}

function policyOf(release: CarriedRelease): PolicyDocument {
  return predicateIn<{ policy: PolicyDocument }>(release).policy
}

/** Converts scenarios to the rules by which canary-controller explains alerts, without the policies in force besides the run. */
export function rulesOf(scenarios: readonly Scenario[]): ScenarioRule[] {
  return scenarios.map(({ id, policies, alert }) => ({ id, policies, alert }))
}

/** Returns the policies of a scenario that are in force and not part of the run. */
export function besideOf({ policies }: Scenario, { beside }: KnownPolicies): Record<string, PolicyDocument> {
  return onlyOf(beside, policies)
}

/**
 * Returns the rules with the values that they read of policies outside the run. A rule has all of these values, or none if they would
 * exceed the size limit of events. `incomplete`: ids of the scenarios whose rule lacks the values.
 */
export function rulesOfRun(scenarios: readonly Scenario[], policies: KnownPolicies): { rules: ScenarioRule[]; incomplete: Set<string> } {
  const incomplete = new Set<string>()
  const bare = rulesOf(scenarios)
  let left = SCENARIO_RULES_MAX_BYTES - Buffer.byteLength(JSON.stringify(bare))
  const rules = bare.map((rule, index): ScenarioRule => {
    const known = besideOf(scenarios[index]!, policies)
    if (Object.keys(known).length === 0) return rule
    const beside = readByScenario(rule, known)
    const bytes = Buffer.byteLength(JSON.stringify({ beside }))
    if (bytes > left) {
      incomplete.add(rule.id)
      return rule
    }
    left -= bytes
    return { ...rule, beside }
  })
  return { rules, incomplete }
}
