import { setImmediate as nextTurn } from 'node:timers/promises'
import { boundaryReadings, compileScenario, type PolicyDocument, type Scenario, type Verdict } from '#libs/policy'
import type { Reading } from '../replay/reading.js'
import { scenarioInputs, type ScenarioInputs } from '../replay/scenario-inputs.js'
import type { SkippedScenario } from './evidence.js'
import type { PoliciesOfRun } from './policies-of-run.js'

type Policies = Record<string, PolicyDocument>

/** One reading takes 3 to 20 µs: a corpus of 200,000 judged in one go would hold up the process for seconds. */
const JUDGED_PER_TURN = 1_000

/** What one scenario needs to be replayed, boundary inputs added, or why it cannot be. `readings` is `undefined` without its corpus. */
export async function inputsOf(
  scenario: Scenario,
  readings: readonly Reading[] | undefined,
  { before, after }: PoliciesOfRun,
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
  const newVerdicts = await judge(inputs, compiled.verdict, after)
  const oldVerdicts = old === null ? newVerdicts : await judge(inputs, compiled.verdict, old)
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

/** A reading that lacks a fact the expression asks for has no verdict, and is left out. */
async function judge(readings: readonly Reading[], verdict: Verdict, policies: Policies): Promise<Map<Reading, boolean>> {
  const verdicts = new Map<Reading, boolean>()
  for (const [index, reading] of readings.entries()) {
    if (index % JUDGED_PER_TURN === JUDGED_PER_TURN - 1) await nextTurn()
    try {
      verdicts.set(reading, verdict(reading, policies))
    } catch {
      continue
    }
  }
  return verdicts
}
