import type { ScenarioRule } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { readByScenario, type Scenario } from '#libs/scenario'
import { onlyOf } from '../replay/reading.js'
import type { KnownPolicies } from './policies-of-run.js'
import { SCENARIO_RULES_MAX_BYTES } from './scenario.table.js'

/** Converts scenarios to the rules by which canary-controller explains alerts, without the policies in force besides the run. */
export function rulesOf(scenarios: readonly Scenario[]): ScenarioRule[] {
  return scenarios.map(({ id, policies, alert }) => ({ id, policies, alert }))
}

/** Returns the policies of a scenario that are in force and not part of the run. */
export function besideOf({ policies }: Scenario, { beside }: KnownPolicies): Record<string, PolicyDocument> {
  return onlyOf(beside, policies)
}

/**
 * Builds the rules with the values they read of policies besides the run: all of them, or none if they exceed the size limit of events.
 * `incomplete`: ids of the scenarios without these values.
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
