import { predicateIn, remembered, type CarriedRelease, type JsonObject, type ScenarioRule } from '#libs/contracts'
import type { Canary } from '#libs/pipeline'
import type { PolicyDocument } from '#libs/policy'
import { compileScenario, MAX_STEPS, type CompiledScenario, type Policies } from '#libs/scenario'

/** Limit of compiled scenarios in the cache: compiling takes milliseconds, and every alert needs the same ones. */
const MAX_CACHED = 400

export interface Explanation {
  explained: boolean
  reason: string
}

/**
 * Evaluates, with a canary's scenarios, whether a correct bot would raise an alert for this reading. All scenarios share one step budget
 * per alert: it bounds the cost, which registered scenarios and readings would otherwise determine.
 */
export class AlertExplainer {
  private readonly compiled = new Map<string, CompiledScenario>()

  /** Explains an alert by the new policies. An alert is unexplained if no scenario applies. */
  byNewPolicies(canary: Pick<Canary, 'dossier' | 'scenarios'>, alert: { reading: JsonObject | null }): Explanation {
    return this.evaluate(canary.dossier.releases, canary.scenarios, alert)
  }

  /** Explains an alert by the policies in force outside the cohort. */
  byPoliciesInForce({ dossier, scenarios, members }: Canary, alert: { reading: JsonObject | null }): Explanation {
    return this.evaluate(
      members.flatMap(({ policy }) => dossier.live[policy] ?? []),
      scenarios,
      alert,
    )
  }

  private evaluate(
    releases: readonly CarriedRelease[],
    scenarios: readonly ScenarioRule[],
    { reading }: { reading: JsonObject | null },
  ): Explanation {
    if (reading === null || reading === undefined) return { explained: false, reason: 'the alert has no reading' }
    const released = Object.fromEntries(releases.map((release) => [release.id, predicateIn<{ policy: PolicyDocument }>(release).policy]))
    const applicable = scenarios
      // `beside` has the values of policies outside the run that the scenario reads, as in force when the run was simulated.
      .map((scenario) => ({ ...scenario, known: { ...(scenario.beside as Policies | undefined), ...released } }))
      .filter(({ policies, known }) => policies.every((id) => known[id] !== undefined))
    if (applicable.length === 0) return { explained: false, reason: 'no scenario applies to the policies' }
    const budget = { steps: MAX_STEPS }
    for (const scenario of applicable) {
      const compiled = this.compile(scenario)
      if (!compiled.ok) continue
      try {
        if (compiled.verdict(reading, scenario.known, budget)) return { explained: true, reason: scenario.id }
      } catch {
        // A scenario does not explain an alert if its expression fails on the reading or exceeds the step budget.
      }
    }
    return { explained: false, reason: `${applicable.map((scenario) => scenario.id).join(', ')} expects no alert here` }
  }

  private compile({ id, alert }: ScenarioRule): CompiledScenario {
    return remembered(this.compiled, MAX_CACHED, `${id} ${alert}`, () => compileScenario({ id, alert }))
  }
}
