import { describeError, TransientError } from '#libs/platform'
import { emptyScore, lackOf, type JudgedScore, type SkippedScenario } from '#libs/pipeline'
import type { Scenario } from '#libs/policy'
import { ServiceRuntime } from '#libs/service'
import { Inject, Injectable } from '@nestjs/common'
import { BOTS, MAX_BOTS, type RegisteredBot } from '../bots/bot.table.js'
import { Readings } from '../corpora/readings.js'
import { ReplayError } from '../replay/replay-error.js'
import type { OnProgress, ReplayRunner } from '../replay/replay-runner.js'
import type { ReplayReport } from '../replay/report.js'
import type { ScenarioInputs } from '../replay/scenario-inputs.js'
import { scoreReplay } from '../replay/score.js'
import { SCENARIOS } from '../scenarios/scenario.table.js'
import { isFirstVersion, scenariosOf, type PoliciesOfRun } from '../scenarios/policies-of-run.js'
import { inputsOf } from './replay-inputs.js'

export const REPLAY_RUNNER = Symbol('ReplayRunner')

/** What came of a replay. A `failure` says nothing about any bot: the replay itself gave no report. */
export type ReplayOutcome = (JudgedScore & { report: ReplayReport | null; scenarios: Scenario[] }) | { failure: ReplayFailure }

export interface ReplayFailure {
  reason: 'DEADLINE' | 'REPLAY_FAILED'
  detail: string
}

/** Gathers what is registered for the policies of a run and replays it, outside any transaction. */
@Injectable()
export class ReplayRun {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly readings: Readings,
    @Inject(REPLAY_RUNNER) private readonly runner: ReplayRunner,
  ) {}

  /** Rejects with `TransientError` when the same replay may go well another time, and with the signal's reason. */
  async execute(policies: PoliciesOfRun, signal: AbortSignal, onProgress?: OnProgress): Promise<ReplayOutcome> {
    const { bots, scenarios } = await this.registered(policies)
    const { inputs, skipped } = await this.inputs(policies, scenarios, signal)
    const lack = lackOf(bots.length, scenarios.length, skipped)
    if (lack !== undefined) return { score: emptyScore(lack.sentence, isFirstVersion(policies)), report: null, scenarios, skipped, lack }
    try {
      const task = { bots: bots.map(({ id, source }) => ({ id, source })), scenarios: inputs }
      const report = await this.runner.replay(task, signal, onProgress)
      const critical = bots.filter((bot) => bot.critical).map((bot) => bot.id)
      return { score: scoreReplay(report, { critical }), report, scenarios, skipped }
    } catch (error) {
      if (!(error instanceof ReplayError) || signal.aborted) throw error
      // Neither a replay that took too long nor one that failed by itself ends otherwise another time.
      if (error.code === 'HMS_REPLAY_DEADLINE') return { failure: { reason: 'DEADLINE', detail: error.message } }
      if (!error.retryable) return { failure: { reason: 'REPLAY_FAILED', detail: error.message } }
      throw new TransientError(describeError(error), { cause: error })
    }
  }

  /** All bots: one that reads a policy without declaring it is found out by being run. */
  private registered(policies: PoliciesOfRun): Promise<{ bots: RegisteredBot[]; scenarios: Scenario[] }> {
    return this.runtime.database.transaction(async (tx) => {
      const bots = await tx.documents(BOTS).find({ limit: MAX_BOTS })
      const entries = await tx.documents(SCENARIOS).find()
      return {
        bots,
        scenarios: scenariosOf(
          policies,
          entries.map((entry) => entry.scenario),
        ),
      }
    })
  }

  private async inputs(
    policies: PoliciesOfRun,
    scenarios: Scenario[],
    signal: AbortSignal,
  ): Promise<{ inputs: ScenarioInputs[]; skipped: SkippedScenario[] }> {
    const inputs: ScenarioInputs[] = []
    const skipped: SkippedScenario[] = []
    for (const scenario of scenarios) {
      const prepared = await inputsOf(scenario, await this.readings.of(scenario.corpus), policies, signal)
      if ('why' in prepared) skipped.push(prepared)
      else inputs.push(prepared)
    }
    return { inputs, skipped }
  }
}
