import { command, type TouchedField } from '#libs/contracts'
import type { SkippedScenario } from '#libs/pipeline'
import type { PolicyDocument } from '#libs/policy'
import {
  boundaryReadings,
  compileScenario,
  fieldReader,
  MAX_STEPS,
  narrowedFields,
  type Policies,
  type PolicyChange,
  type Scenario,
  touchedFields,
  type Verdict,
} from '#libs/scenario'
import { inReplayOrder, type Reading } from '../replay/reading.js'
import { scenarioInputs, type ScenarioInputs } from '../replay/scenario-inputs.js'
import { besideOf, type KnownPolicies } from '../scenarios/policies-of-run.js'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describeError } from '#libs/platform'

/** Returns a scenario's inputs, boundary inputs included, or why it cannot be replayed. `readings`: `undefined` without corpus. */
export async function inputsOf(
  scenario: Scenario,
  readings: readonly Reading[] | undefined,
  policies: KnownPolicies,
  signal?: AbortSignal,
): Promise<ScenarioInputs | SkippedScenario> {
  const skip = (why: string, next: string | null): SkippedScenario => ({ scenario: scenario.id, why, next })
  const unknown = scenario.policies.filter((id) => !Object.hasOwn(policies.after, id) && !Object.hasOwn(policies.beside, id))
  if (unknown.length > 0) return skip(`${unknown.join(', ')} neither in this run nor in force`, null)
  if (readings === undefined) return skip(`no corpus ${scenario.corpus} registered`, command('corpora.add', { corpus: scenario.corpus }))
  const compiled = compileScenario(scenario)
  if (!compiled.ok) return skip(compiled.message, command('scenarios.add'))
  const judged = await judgedInputs(scenario, inReplayOrder(readings), policies, compiled.verdict, signal)
  const { inputs, boundary, lost } = judged.inputs
  if (lost === 0 || inputs.length > boundary) return judged.inputs
  const why = `INCOMPATIBLE: under the new policies it has an answer for no reading (${judged.refusal ?? 'none'})`
  return { ...skip(why, command('scenarios.add')), incompatible: true }
}

async function judgedInputs(
  scenario: Scenario,
  readings: readonly Reading[],
  policies: KnownPolicies,
  verdict: Verdict,
  signal?: AbortSignal,
): Promise<{ inputs: ScenarioInputs; refusal: string | undefined }> {
  const beside = besideOf(scenario, policies)
  const [before, after] = [policies.before, policies.after].map((side) => ({ ...beside, ...side })) as [Policies, Policies]
  // If one policy has no older version, the expression has no old verdict at all.
  const old = scenario.policies.every((id) => before[id] !== undefined) ? before : null
  const judge = (of: readonly Reading[], under: Record<string, PolicyDocument>): Promise<Answers> =>
    judgeReadings(of, verdict, under, signal)
  const next = await judge(readings, after)
  const previous = old === null ? next : await judge(readings, old)
  const touched = touchedFields(before, after, scenario.policies)
  const edges = boundaryReadings(scenario, old === null ? [after] : [old, after], templatesOf(readings, next, previous), touched)
  const boundary = edges.readings as Reading[]
  const isRead = fieldReader(scenario)
  next.add(await judge(boundary, after))
  if (old !== null) previous.add(await judge(boundary, old))
  const inputs = scenarioInputs({
    scenario: scenario.id,
    policies: scenario.policies.filter((id) => policies.changed.includes(id)),
    readings,
    boundary,
    before: old,
    after,
    oracle: (reading, under) => (under === after ? next : previous).of(reading),
    fields: touched.map((change, index) => ({
      ...touchedField(change, edges.ofTouched[index] ?? 0),
      scenarios: isRead(change.policy, change.path[0] ?? '') ? [scenario.id] : [],
    })),
    narrowed: old === null ? [] : narrowedFields(touched),
  })
  return { inputs, refusal: next.refusal }
}

/** Returns templates of boundary inputs: the first reading, and the first that alert before and after: rules of several facts need them. */
function templatesOf(ordered: readonly Reading[], ...answers: Answers[]): Reading[] {
  const alerting = answers.map((verdicts) => ordered.find((reading) => verdicts.get(reading) === true))
  return [...new Set([ordered[0], ...alerting])].filter((reading) => reading !== undefined)
}

function touchedField({ policy, field, from, to }: PolicyChange, inputs: number): Omit<TouchedField, 'scenarios'> {
  const sides = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  return { policy, field, ...sides, inputs }
}

/** Readings judged per turn of the event loop, at 3 to 20 µs each: 200,000 in one turn would block for seconds. */
const JUDGED_PER_TURN = 1_000
/** Steps per turn, so a costly expression yields after fewer readings: a step takes less than 1 µs. */
const STEPS_PER_TURN = 20_000

/** Verdicts of an expression on readings, under the policies before or after the change. */
export class Answers extends Map<Reading, boolean> {
  /** Error of the first reading without a verdict. */
  refusal: string | undefined

  of(reading: Reading): boolean {
    const verdict = this.get(reading)
    if (verdict === undefined) throw new RangeError(`no answer for ${reading.id}`)
    return verdict
  }

  add(more: Answers): void {
    for (const [reading, verdict] of more) this.set(reading, verdict)
  }
}

/** Judges the readings. A reading that lacks a fact the expression needs, or takes too many steps, has no verdict and is left out. */
async function judgeReadings(
  readings: readonly Reading[],
  verdict: Verdict,
  policies: Record<string, PolicyDocument>,
  signal?: AbortSignal,
): Promise<Answers> {
  const answers = new Answers()
  let turn = { readings: 0, steps: 0 }
  for (const reading of readings) {
    if (turn.readings === JUDGED_PER_TURN || turn.steps > STEPS_PER_TURN) {
      await nextTurn()
      signal?.throwIfAborted()
      turn = { readings: 0, steps: 0 }
    }
    const budget = { steps: MAX_STEPS }
    try {
      answers.set(reading, verdict(reading, policies, budget))
    } catch (error) {
      answers.refusal ??= describeError(error)
    }
    turn.readings++
    turn.steps += MAX_STEPS - budget.steps
  }
  return answers
}
