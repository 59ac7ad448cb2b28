import { canonicalJson, type PolicyBeside, type SimulationImpact } from '#libs/contracts'
import type { BotClass } from '#libs/pipeline'

/** Version of the replay engine, part of the report. Raised by every change of engine or limits that could change a verdict. */
export const REPLAY_ENGINE = 'hms-replay/4 quickjs-emscripten/0.32'

/** First input that decided against a bot. `before` is the bot's result under the old policy, if there is one. */
export interface Counterexample {
  reading: string
  expected: 'alert' | 'quiet'
  got: 'alert' | 'quiet' | 'nothing'
  before?: 'alert' | 'quiet'
}

export interface BotOutcome {
  class: BotClass
  /** Number of inputs for which the bot agrees with the scenario under the new policy. Information only: agreement is not adaptation. */
  agreed: number
  message?: string
  counterexample?: Counterexample
}

export interface BotReport extends BotOutcome {
  bot: string
  /** `sha256:` + hex of the module text. */
  digest: string
  scenario: string
}

export interface ScenarioReport {
  scenario: string
  policies: string[]
  firstVersion: boolean
  /** Numbers of recorded and boundary inputs that were replayed, and of inputs that the scenario could not judge. */
  recorded: number
  boundary: number
  unjudged: number
  /** Numbers of inputs whose old and new verdict differ. */
  discriminating: { recorded: number; boundary: number }
}

export interface ReplayReport {
  engine: string
  /** Policies in force that the run does not change, and that a bot declares or a scenario names. Sorted by id. */
  beside: PolicyBeside[]
  scenarios: ScenarioReport[]
  bots: BotReport[]
  impact: SimulationImpact
}

/** Encodes the report canonically: the same bots, inputs and policies, in any order, give the same text. */
export function encodeReport(report: ReplayReport): string {
  return canonicalJson(report)
}
