import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SkippedScenario } from '#libs/pipeline'
import { boundaryReadings, compileScenario, MAX_STEPS, type PolicyDocument, type Scenario, type Verdict } from '#libs/policy'
import type { Reading } from '../replay/reading.js'
import { scenarioInputs, type ScenarioInputs } from '../replay/scenario-inputs.js'
import type { PoliciesOfRun } from '../scenarios/policies-of-run.js'

type Policies = Record<string, PolicyDocument>

/** One reading takes 3 to 20 µs: a corpus of 200,000 judged in one go would hold up the process for seconds. */
const JUDGED_PER_TURN = 1_000
/** A costly expression gives way to others after fewer readings: a step takes less than 1 µs. */
const STEPS_PER_TURN = 20_000

/** What one scenario needs to be replayed, boundary inputs added, or why it cannot be. `readings` is `undefined` without its corpus. */
export async function inputsOf(
  scenario: Scenario,
  readings: readonly Reading[] | undefined,
  { before, after }: PoliciesOfRun,
  signal?: AbortSignal,
): Promise<ScenarioInputs | SkippedScenario> {
  const skip = (why: string, next: string | null): SkippedScenario => ({ scenario: scenario.id, why, next })
  const unknown = scenario.policies.filter((id) => after[id] === undefined)
  if (unknown.length > 0) return skip(`${unknown.join(', ')} not in this run`, null)
  if (readings === undefined) return skip(`no corpus ${scenario.corpus} registered`, `hms-svc corpora add FILE --id ${scenario.corpus}`)
  const compiled = compileScenario(scenario)
  if (!compiled.ok) return skip(compiled.message, 'hms-svc scenarios add FILE')
  // One policy without an older version is enough: the old expression then has no answer anywhere.
  const old = scenario.policies.every((id) => before[id] !== undefined) ? before : null
  const template = readings[0]
  const boundary = template === undefined ? [] : (boundaryReadings(scenario, old === null ? [after] : [old, after], template) as Reading[])
  const inputs = [...readings, ...boundary]
  const newVerdicts = await judge(inputs, compiled.verdict, after, signal)
  const oldVerdicts = old === null ? newVerdicts : await judge(inputs, compiled.verdict, old, signal)
  return scenarioInputs({
    scenario: scenario.id,
    policies: scenario.policies,
    readings,
    boundary,
    before: old,
    after,
    oracle: (reading, policies) => {
      const verdict = (policies === after ? newVerdicts : oldVerdicts).get(reading)
      if (verdict === undefined) throw new RangeError(`scenario ${scenario.id} has no answer for ${reading.id}`)
      return verdict
    },
  })
}

/** A reading that lacks a fact the expression asks for, or that takes it too many steps, has no verdict and is left out. */
async function judge(
  readings: readonly Reading[],
  verdict: Verdict,
  policies: Policies,
  signal?: AbortSignal,
): Promise<Map<Reading, boolean>> {
  const verdicts = new Map<Reading, boolean>()
  let turn = { readings: 0, steps: 0 }
  for (const reading of readings) {
    if (turn.readings === JUDGED_PER_TURN || turn.steps > STEPS_PER_TURN) {
      await nextTurn()
      signal?.throwIfAborted()
      turn = { readings: 0, steps: 0 }
    }
    const budget = { steps: MAX_STEPS }
    try {
      verdicts.set(reading, verdict(reading, policies, budget))
    } catch {
      // Left out.
    }
    turn.readings++
    turn.steps += MAX_STEPS - budget.steps
  }
  return verdicts
}
