import type { ScenarioRule } from '#libs/contracts'
import type { PolicyDocument } from '#libs/policy'
import { readByScenario, type Scenario } from '#libs/scenario'
import { onlyOf } from '../replay/reading.js'
import type { KnownPolicies } from './policies-of-run.js'
import { SCENARIO_RULES_MAX_BYTES } from './scenario.table.js'

/** As canary-controller needs them to explain alerts, but for what is in force beside the run. */
export function rulesOf(scenarios: readonly Scenario[]): ScenarioRule[] {
  return scenarios.map(({ id, policies, alert }) => ({ id, policies, alert }))
}

/** The policies of a scenario that are in force and no run's. */
export function besideOf({ policies }: Scenario, { beside }: KnownPolicies): Record<string, PolicyDocument> {
  return onlyOf(beside, policies)
}

/**
 * The rules with what they read of policies beside the run: all of it, or nothing where it finds no place in what an event may carry of
 * scenarios. `untold`: ids of these.
 */
export function rulesOfRun(scenarios: readonly Scenario[], policies: KnownPolicies): { rules: ScenarioRule[]; untold: Set<string> } {
  const untold = new Set<string>()
  const bare = rulesOf(scenarios)
  let left = SCENARIO_RULES_MAX_BYTES - Buffer.byteLength(JSON.stringify(bare))
  const rules = bare.map((rule, index): ScenarioRule => {
    const known = besideOf(scenarios[index]!, policies)
    if (Object.keys(known).length === 0) return rule
    const beside = readByScenario(rule, known)
    const bytes = Buffer.byteLength(JSON.stringify({ beside }))
    if (bytes > left) {
      untold.add(rule.id)
      return rule
    }
    left -= bytes
    return { ...rule, beside }
  })
  return { rules, untold }
}
