import type { TouchedField } from '#libs/contracts'
import { inReplayOrder, type PoliciesInForce, type Reading } from './reading.js'

/** Decides whether a correct bot alerts on this reading under these policies. May throw if a fact it needs is missing. */
export type Oracle = (reading: Reading, policies: PoliciesInForce) => boolean

/** Policies before or after the change (of the run, and others in force that the scenario names), and the oracle's verdicts. */
export interface Side {
  policies: PoliciesInForce
  verdicts: boolean[]
}

/** Everything one scenario needs to be replayed; plain data, so that it can be handed to a worker. */
export interface ScenarioInputs {
  scenario: string
  /** The changed policies this scenario judges. A bot that neither declares nor reads one of them is not applicable. */
  policies: string[]
  /** Recorded inputs in replay order, then the boundary inputs; `boundary` counts the latter. */
  inputs: Reading[]
  boundary: number
  /** Number of recorded inputs left out because the oracle gave no verdict, mostly for a missing fact. */
  unjudged: number
  /** Number of recorded inputs that the oracle can judge under the old policies but not under the new ones. */
  lost: number
  /** Fields of these policies that the change touches, with the boundary inputs made for them. */
  fields: TouchedField[]
  /** Fields that a bot may have read in the old documents and that are missing from the new ones, or have another type. */
  narrowed: string[]
  /** `null` for the first version of a policy: there are no older verdicts to compare with. */
  before: Side | null
  after: Side
  /** Expression of the scenario, and its corpus by id and digest. Not part of the report. */
  rule?: { alert: string; corpus: string; digest: string }
}

export interface ScenarioSource {
  scenario: string
  policies: readonly string[]
  readings: readonly Reading[]
  boundary: readonly Reading[]
  before: PoliciesInForce | null
  after: PoliciesInForce
  oracle: Oracle
  fields?: readonly TouchedField[]
  narrowed?: readonly string[]
}

/** Sorts the inputs into replay order and calls the oracle once per input and side. */
export function scenarioInputs(source: ScenarioSource): ScenarioInputs {
  const { scenario, before, after, fields = [], narrowed = [] } = source
  const inputs: Reading[] = []
  const old: boolean[] = []
  const next: boolean[] = []
  let boundary = 0
  let unjudged = 0
  let lost = 0
  const recorded = inReplayOrder(source.readings)
  for (const [index, reading] of [...recorded, ...source.boundary].entries()) {
    const isBoundary = index >= recorded.length
    const now = judge(source.oracle, reading, after)
    const was = before === null ? now : judge(source.oracle, reading, before)
    if (now === undefined || was === undefined) {
      if (!isBoundary) unjudged += 1
      if (!isBoundary && was !== undefined) lost += 1
      continue
    }
    inputs.push(reading)
    old.push(was)
    next.push(now)
    if (isBoundary) boundary += 1
  }
  return {
    scenario,
    policies: source.policies.toSorted(),
    inputs,
    boundary,
    unjudged,
    lost,
    fields: [...fields],
    narrowed: [...narrowed],
    before: before && { policies: before, verdicts: old },
    after: { policies: after, verdicts: next },
  }
}

function judge(oracle: Oracle, reading: Reading, policies: PoliciesInForce): boolean | undefined {
  try {
    return oracle(reading, policies)
  } catch {
    return undefined
  }
}
