import type {
  ReceivedEvent,
  RunDossier,
  PredictedLoad,
  ScenarioImpact,
  ScenarioLoad,
  SimulationImpact,
  ScenarioRule,
} from '#libs/contracts'
import { policyKey, type HandlerResult } from '#libs/messaging'
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
  GOOD_CLASSES,
  type BotClass,
  type ReplayScore,
  type SimulationVerdict,
} from '#libs/pipeline'
import { digestOf, signTestResult, withAttestation, hexOf, scenarioSubject, type TestResult } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { originOf, StageShell } from '#libs/stage'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { encodeReport } from '../replay/report.js'
import { SimulatorConfig } from '../simulator.config.js'
import type { ReplayOutcome } from './replay-run.js'
import { RunningReplays } from './running-replays.js'
import { SIMULATIONS } from './simulation.table.js'

/** Simulation stage: a row requests the replay, a worker runs it off the main thread, `decideSimulation` decides on its outcome. */
@Injectable()
export class RunSimulation implements OnModuleInit {
  readonly shell: StageShell<Simulation, SimulationInput, SimulationEffect, SimulationTimer> = new StageShell(this.runtime, {
    name: 'simulate',
    table: SIMULATIONS,
    skipsEndedRuns: true,
    attestedBy: [],
    timers: SIMULATION_TIMERS,
    decide: (simulation, input) => decideSimulation(simulation, input, this.config),
    keysOf: ({ dossier }) => dossier.releases.map(({ id }) => policyKey(id)),
    perform: async (tx, { run, attempt }) => tx.afterCommit(() => this.replaying.stop({ run, attempt })),
  })

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: SimulatorConfig,
    private readonly replaying: RunningReplays,
  ) {}

  onModuleInit(): void {
    // guard: replays-hold-no-timers
    this.shell.listen({ replay: (simulation, outside) => outside(() => this.replay(simulation)) })
  }

  open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<HandlerResult> {
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

const DAY_MS = 86_400_000

/** Maximum bytes of the predicted load in an event, in addition to dossier and rules. */
const MAX_BYTES = 12 * 1024

/**
 * Returns the alerts a canary may expect, short enough for an event: scenarios first, then the regions with most readings, then bots.
 * Omitted bots lose nothing if they adapted, because they then alert as their scenarios define.
 */
export function predictedLoad({ scenarios, bots }: SimulationImpact): PredictedLoad {
  const load: PredictedLoad = { scenarios: [], bots: [], omitted: 0 }
  let remainingBytes = MAX_BYTES
  const addIfFits = <Entry>(entry: Entry, into: Entry[] | undefined): void => {
    const bytes = Buffer.byteLength(JSON.stringify(entry)) + 1
    if (into === undefined || bytes > remainingBytes) load.omitted += 1
    else {
      remainingBytes -= bytes
      into.push(entry)
    }
  }
  for (const scenario of scenarios) addIfFits(scenarioLoad(scenario), load.scenarios)
  for (const [index, { regions }] of scenarios.entries()) {
    const kept = load.scenarios[index]
    for (const { name, readings, before, after } of regions.toSorted((a, b) => b.readings - a.readings))
      addIfFits({ region: name, readings, before, after }, kept?.regions)
  }
  for (const bot of bots) addIfFits(bot, load.bots)
  return load
}

function scenarioLoad({ scenario, readings, before, after, from, to }: ScenarioImpact): ScenarioLoad {
  const span = Date.parse(to) - Date.parse(from)
  return { scenario, readings, before, after, days: Number.isFinite(span) ? Math.round(span / DAY_MS) + 1 : 0, regions: [] }
}

/** Version of the replay semantics; raised when the same bots and readings would give another result. */
const REPLAY = 'https://hms-svc.dev/replay/v1'

/** Builds the in-toto test result of a replay. Each bot is a test. The configuration lists the scenarios and, by its digest, the report. */
function simulationResultOf(
  verdict: SimulationVerdict['do'],
  score: ReplayScore,
  scenarios: readonly ScenarioRule[],
  reportDigest: string | null,
): TestResult {
  const bots = (which: (name: BotClass) => boolean): string[] =>
    (Object.entries(score.bots) as [BotClass, string[]][])
      .filter(([name]) => which(name))
      .flatMap(([, ids]) => ids)
      .sort()
  const good = bots((name) => GOOD_CLASSES.includes(name))
  const bad = bots((name) => !GOOD_CLASSES.includes(name))
  const failed = verdict === 'fail'
  return {
    result: failed ? 'FAILED' : verdict === 'pass' && score.verdict === 'PASS' ? 'PASSED' : 'WARNED',
    configuration: [
      { name: 'replay', uri: REPLAY },
      ...scenarios.map(scenarioSubject),
      ...(reportDigest === null ? [] : [{ name: 'report', digest: { sha256: hexOf(reportDigest) } }]),
    ],
    passedTests: good,
    warnedTests: failed ? [] : bad,
    failedTests: failed ? bad : [],
  }
}
