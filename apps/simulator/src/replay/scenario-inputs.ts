import { inReplayOrder, type PoliciesInForce, type Reading } from './reading.js'

/** Says whether a right bot alerts on this reading under these policies. May throw when a fact it needs is missing. */
export type Oracle = (reading: Reading, policies: PoliciesInForce) => boolean

/** Policies in force on one side of the change, and the oracle's verdict for each input. */
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
  /** Inputs left out because the oracle could not judge them (a missing fact). Never guessed. */
  unjudged: number
  /** Null for the first version of a policy: there are no older verdicts to compare with. */
  before: Side | null
  after: Side
}

export interface ScenarioSource {
  scenario: string
  policies: readonly string[]
  readings: readonly Reading[]
  boundary: readonly Reading[]
  before: PoliciesInForce | null
  after: PoliciesInForce
  oracle: Oracle
}

/** Puts the inputs into replay order and asks the oracle once per input and side. */
export function scenarioInputs(source: ScenarioSource): ScenarioInputs {
  const { scenario, before, after } = source
  const inputs: Reading[] = []
  const old: boolean[] = []
  const next: boolean[] = []
  let boundary = 0
  let unjudged = 0
  const recorded = inReplayOrder(source.readings)
  for (const [index, reading] of [...recorded, ...source.boundary].entries()) {
    const verdicts = judge(reading, source)
    if (!verdicts) {
      unjudged += 1
      continue
    }
    inputs.push(reading)
    old.push(verdicts.old)
    next.push(verdicts.next)
    if (index >= recorded.length) boundary += 1
  }
  return {
    scenario,
    policies: source.policies.toSorted(),
    inputs,
    boundary,
    unjudged,
    before: before && { policies: before, verdicts: old },
    after: { policies: after, verdicts: next },
  }
}

function judge(reading: Reading, { before, after, oracle }: ScenarioSource): { old: boolean; next: boolean } | null {
  try {
    const next = oracle(reading, after)
    return { next, old: before ? oracle(reading, before) : next }
  } catch {
    return null
  }
}
