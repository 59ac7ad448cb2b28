import { canonicalJson } from '#libs/contracts'

/** Part of the report: a change of engine or limits that could change a verdict raises it. */
export const REPLAY_ENGINE = 'hms-replay/2 quickjs-emscripten/0.32'

/**
 * Worst first; a bot that several scenarios judge has the worst of its outcomes.
 * - CRASHED threw, or its module does not load · BUDGET used up steps or memory
 * - NONDETERMINISTIC gave two answers under the same policy and inputs
 * - WRONG contradicts the scenario on an input the change does not touch
 * - STALE is right elsewhere, and still answers the old verdict on discriminating inputs
 * - ADAPTED right on every input · RAN first version: did not crash, nothing to compare
 * - NOT_APPLICABLE neither declares nor reads the changed policies
 */
export const BOT_CLASSES = ['CRASHED', 'BUDGET', 'NONDETERMINISTIC', 'WRONG', 'STALE', 'ADAPTED', 'RAN', 'NOT_APPLICABLE'] as const
export type BotClass = (typeof BOT_CLASSES)[number]
/** With which a bot stands in nobody's way. */
export const GOOD_CLASSES: readonly BotClass[] = ['ADAPTED', 'RAN', 'NOT_APPLICABLE']

/** The first input that decided against a bot. `before` is its answer under the old policy, where it has one. */
export interface Counterexample {
  reading: string
  expected: 'alert' | 'quiet'
  got: 'alert' | 'quiet' | 'nothing'
  before?: 'alert' | 'quiet'
}

export interface BotOutcome {
  class: BotClass
  /** Inputs answered as the scenario says under the new policy. Information only: agreement is not adaptation. */
  agreed: number
  message?: string
  counterexample?: Counterexample
}

export interface BotReport extends BotOutcome {
  bot: string
  /** `sha256:` + hex of the module text. */
  digest: string
  /** The scenario the outcome comes from. */
  scenario: string
}

export interface ScenarioReport {
  scenario: string
  policies: string[]
  firstVersion: boolean
  /** Recorded and boundary inputs that were replayed, and those the scenario could not judge. */
  recorded: number
  boundary: number
  unjudged: number
  /** Inputs whose old and new verdict differ. */
  discriminating: { recorded: number; boundary: number }
}

export interface ReplayReport {
  engine: string
  scenarios: ScenarioReport[]
  bots: BotReport[]
}

/** Canonical bytes: the same bots, inputs and policies give the same text, whatever order they were given in. */
export function encodeReport(report: ReplayReport): string {
  return canonicalJson(report)
}
