import { predicateIn, type CarriedRelease, type JsonObject, type ScenarioRule } from '#libs/contracts'
import type { Canary } from '#libs/pipeline'
import type { PolicyDocument } from '#libs/policy'
import { compileScenario, MAX_STEPS, type CompiledScenario, type Policies } from '#libs/scenario'

/** Compiling one takes milliseconds, and the same ones are asked for every alert. */
const MAX_KEPT = 400

export interface Explanation {
  explained: boolean
  reason: string
}

/**
 * Asks the scenarios of a canary whether a right bot alerts here under the new policies. They share the steps of one question, so that no
 * alert holds up the others: anyone who may register a scenario or send a reading decides what it costs.
 */
export class ExplainAlert {
  private readonly compiled = new Map<string, CompiledScenario>()

  /** Without a scenario that fits, nothing explains an alert. */
  of(canary: Pick<Canary, 'dossier' | 'scenarios'>, alert: { reading: JsonObject | null }): Explanation {
    return this.under(canary.dossier.releases, canary.scenarios, alert)
  }

  /** The same under what is in force outside the cohort. */
  outside({ dossier, scenarios, members }: Canary, alert: { reading: JsonObject | null }): Explanation {
    return this.under(
      members.flatMap(({ policy }) => dossier.live[policy] ?? []),
      scenarios,
      alert,
    )
  }

  private under(
    releases: readonly CarriedRelease[],
    scenarios: readonly ScenarioRule[],
    { reading }: { reading: JsonObject | null },
  ): Explanation {
    if (reading === null || reading === undefined) return { explained: false, reason: 'the alert brings no reading' }
    const released = Object.fromEntries(releases.map((release) => [release.id, predicateIn<{ policy: PolicyDocument }>(release).policy]))
    const fitting = scenarios
      // Of policies beside the run it brings what it reads, as it was in force when the run was simulated.
      .map((scenario) => ({ ...scenario, known: { ...(scenario.beside as Policies | undefined), ...released } }))
      .filter(({ policies, known }) => policies.every((id) => known[id] !== undefined))
    if (fitting.length === 0) return { explained: false, reason: 'no scenario speaks of it' }
    const budget = { steps: MAX_STEPS }
    for (const scenario of fitting) {
      const compiled = this.compile(scenario)
      if (!compiled.ok) continue
      try {
        if (compiled.verdict(reading, scenario.known, budget)) return { explained: true, reason: scenario.id }
      } catch {
        // A reading that the expression cannot judge, or not within its steps, is not explained by it.
      }
    }
    return { explained: false, reason: `${fitting.map((scenario) => scenario.id).join(', ')} expects no alert here` }
  }

  private compile({ id, alert }: ScenarioRule): CompiledScenario {
    const key = `${id} ${alert}`
    const known = this.compiled.get(key)
    if (known !== undefined) return known
    const compiled = compileScenario({ id, alert })
    if (this.compiled.size >= MAX_KEPT) this.compiled.delete(this.compiled.keys().next().value!)
    this.compiled.set(key, compiled)
    return compiled
  }
}
