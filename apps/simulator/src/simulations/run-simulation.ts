import type { ReceivedEvent, RunDossier } from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import {
  decideSimulation,
  isEvidenceRequired,
  judgeSimulation,
  newSimulation,
  SIMULATION_TIMERS,
  type Replayed,
  type Simulation,
  type SimulationEffect,
  type SimulationInput,
  type SimulationTimer,
} from '#libs/pipeline'
import { digestOf, signTestResult, withAttestation } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { originOf, StageShell } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { predictedLoad } from '../replay/predicted-load.js'
import { encodeReport } from '../replay/report.js'
import { SimulatorConfig } from '../simulator.config.js'
import type { ReplayOutcome } from './replay-run.js'
import { Replaying } from './replaying.js'
import { simulationResultOf } from './simulation-result.js'
import { SIMULATIONS } from './simulation.table.js'

/** Simulation stage: a row requests the replay, a worker runs it off the main thread, `decideSimulation` decides on its outcome. */
@Injectable()
export class RunSimulation implements OnModuleInit {
  readonly shell: StageShell<Simulation, SimulationInput, SimulationEffect, SimulationTimer>

  constructor(
    private readonly runtime: ServiceRuntime,
    config: SimulatorConfig,
    private readonly replaying: Replaying,
  ) {
    this.shell = new StageShell(runtime, {
      name: 'simulate',
      table: SIMULATIONS,
      isAbortable: true,
      attestedBy: [],
      timers: SIMULATION_TIMERS,
      decide: (simulation, input) => decideSimulation(simulation, input, config),
      keysOf: ({ dossier }) => dossier.releases.map(({ id }) => policyKey(id)),
      perform: async (tx, { run, attempt }) => tx.afterCommit(() => replaying.stop({ run, attempt })),
    })
  }

  onModuleInit(): void {
    this.shell.listen({ replay: (simulation) => this.replay(simulation) })
  }

  open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    const origin = { ...originOf(cause), dossier }
    return this.shell.open(tx, { fresh: newSimulation(dossier, origin), dossier, cause }, () => ({ type: 'opened' }))
  }

  private async replay({ run, attempt, state, dossier }: Simulation): Promise<SimulationInput | undefined> {
    if (state !== 'waiting') return undefined
    const outcome = await this.replaying.execute({ run, attempt }, dossier)
    if (outcome === undefined) return undefined
    return 'failure' in outcome ? { type: 'replayFailed', ...outcome.failure } : this.judge(dossier, outcome)
  }

  private async judge(dossier: RunDossier, outcome: Exclude<ReplayOutcome, { failure: unknown }>): Promise<Replayed> {
    const { score, skipped, rules: scenarios } = outcome
    const report = outcome.report === null ? null : encodeReport(outcome.report)
    const reportDigest = report === null ? null : digestOf(report)
    const verdict = judgeSimulation(outcome, isEvidenceRequired(this.runtime.profile, dossier.plan) ? 'required' : 'optional')
    const attestation = await signTestResult(simulationResultOf(verdict.do, score, scenarios, reportDigest), dossier, this.runtime.signer)
    const attested = withAttestation(dossier, 'simulate', attestation)
    const load = outcome.report === null ? undefined : predictedLoad(outcome.report.impact)
    return { type: 'replayed', verdict, score, skipped, report, reportDigest, load, scenarios, attestation, attested }
  }
}
