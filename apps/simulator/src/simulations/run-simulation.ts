import type { EventData, ReceivedEvent, RunDossier } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { describeError, TransientError } from '#libs/platform'
import type { Scenario } from '#libs/policy'
import { digestOf } from '#libs/signing'
import { ServiceRuntime } from '#libs/stage'
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { BOTS, type RegisteredBot } from '../bots/bot.entity.js'
import { Readings } from '../corpora/readings.js'
import { ReplayError } from '../replay/replay-error.js'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { encodeReport, type ReplayReport } from '../replay/report.js'
import type { ScenarioInputs } from '../replay/scenario-inputs.js'
import { scoreReplay, type ReplayScore } from '../replay/score.js'
import { SCENARIOS } from '../scenarios/scenario.entity.js'
import { SimulatorConfig } from '../simulator.config.js'
import { emptyScore, judgeSimulation, type SimulationVerdict } from './judge-simulation.js'
import { inputsOf, policiesOf, rulesOf } from './replay-inputs.js'
import { SIMULATIONS, type Simulation } from './simulation.entity.js'

export const REPLAY_RUNNER = Symbol('ReplayRunner')

interface Outcome {
  score: ReplayScore
  report: ReplayReport | null
  scenarios: Scenario[]
}

/** The stage: a row asks for the replay, a worker does it off the main thread, one transaction tells what came of it. */
@Injectable()
export class RunSimulation implements OnApplicationShutdown {
  private readonly stopping = new AbortController()

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: SimulatorConfig,
    private readonly readings: Readings,
    @Inject(REPLAY_RUNNER) private readonly runner: ReplayRunner,
  ) {
    runtime.onWork('simulate', async ({ timer, finish }) => {
      const simulation = await this.load(Number(timer.data['run']))
      if (simulation === undefined || simulation.state !== 'waiting') return void (await finish(async () => {}))
      const outcome = await this.replay(simulation.dossier)
      await finish((tx) => this.tell(tx, simulation.run, outcome))
    })
    runtime.onTimer('simulate-deadline', (tx, timer) => this.overdue(tx, Number(timer.data['run'])))
  }

  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<void> {
    const { run, attempt } = dossier
    const simulation: Simulation = { run, attempt, key: cause.key, state: 'waiting', dossier, causationId: cause.id, score: null, report: null, reportDigest: null }
    await tx.documents(SIMULATIONS).put(simulation)
    await this.emit(tx, simulation, 'hms.simulation.started.v1', { run, attempt })
    const keys = dossier.releases.map((release) => policyKey(release.id))
    await this.runtime.schedule(tx, { id: timerId('simulate', simulation), kind: 'simulate', keys, data: { run }, dueAt: tx.now })
    const dueAt = new Date(tx.now.getTime() + this.config.deadlineMs)
    await this.runtime.schedule(tx, { id: timerId('simulate-deadline', simulation), kind: 'simulate-deadline', keys, data: { run }, dueAt })
  }

  async abort(tx: Transaction, run: number): Promise<void> {
    const simulation = await tx.documents(SIMULATIONS).get(String(run))
    if (simulation?.state === 'waiting') await this.close(tx, { ...simulation, state: 'aborted' })
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort()
    await this.runner.close()
  }

  private load(run: number): Promise<Simulation | undefined> {
    return this.runtime.database.transaction((tx) => tx.documents(SIMULATIONS).get(String(run)))
  }

  private async replay(dossier: RunDossier): Promise<Outcome> {
    const policies = policiesOf(dossier)
    const { bots, scenarios } = await this.registered(dossier)
    const firstVersion = Object.keys(policies.before).length === 0
    if (bots.length === 0) return { score: emptyScore('no bots registered', firstVersion), report: null, scenarios }
    const inputs: ScenarioInputs[] = []
    for (const scenario of scenarios) {
      const readings = await this.readings.of(scenario.corpus)
      const prepared = readings === undefined ? undefined : inputsOf(scenario, readings, policies)
      if (prepared !== undefined) inputs.push(prepared)
    }
    if (inputs.length === 0) return { score: emptyScore('no scenario with readings for this policy', firstVersion), report: null, scenarios }
    const report = await this.run(bots, inputs)
    const critical = bots.filter((bot) => bot.critical).map((bot) => bot.id)
    return { score: scoreReplay(report, { critical }), report, scenarios }
  }

  private async run(bots: RegisteredBot[], scenarios: ScenarioInputs[]): Promise<ReplayReport> {
    try {
      return await this.runner.replay({ bots: bots.map(({ id, source }) => ({ id, source })), scenarios }, this.stopping.signal)
    } catch (error) {
      // A worker that was lost or is busy, and a process that stops: the row is still there and is taken up again.
      if (error instanceof ReplayError || this.stopping.signal.aborted) throw new TransientError(describeError(error), { cause: error })
      throw error
    }
  }

  private registered(dossier: RunDossier): Promise<{ bots: RegisteredBot[]; scenarios: Scenario[] }> {
    return this.runtime.database.transaction(async (tx) => {
      const bots = await tx.documents(BOTS).find()
      const entries = await tx.documents(SCENARIOS).find()
      const rules = rulesOf(dossier, entries.map((entry) => entry.scenario)).map((rule) => rule.id)
      return { bots, scenarios: entries.map((entry) => entry.scenario).filter((scenario) => rules.includes(scenario.id)) }
    })
  }

  private async tell(tx: Transaction, run: number, { score, report, scenarios }: Outcome): Promise<void> {
    const simulation = await tx.documents(SIMULATIONS).get(String(run))
    if (simulation === undefined || simulation.state !== 'waiting') return
    const reportDigest = report === null ? null : digestOf(encodeReport(report))
    const verdict = judgeSimulation(score, this.runtime.profile)
    await this.close(tx, { ...simulation, state: STATE_OF[verdict.do], score, report, reportDigest })
    const { attempt, dossier } = simulation
    if (verdict.do === 'pass') {
      const data = { dossier, summary: verdict.summary, reportDigest, scenarios: rulesOf(dossier, scenarios) }
      return this.emit(tx, simulation, 'hms.simulation.passed.v1', data)
    }
    const { reason, detail, next } = verdict
    await this.emit(tx, simulation, verdict.do === 'fail' ? 'hms.simulation.failed.v1' : 'hms.simulation.paused.v1', { run, attempt, reason, detail, next })
  }

  private async overdue(tx: Transaction, run: number): Promise<void> {
    const simulation = await tx.documents(SIMULATIONS).get(String(run))
    if (simulation === undefined || simulation.state !== 'waiting') return
    await this.close(tx, { ...simulation, state: 'failed' })
    const detail = `the replay did not end within ${this.config.deadline}`
    await this.emit(tx, simulation, 'hms.simulation.failed.v1', { run, attempt: simulation.attempt, reason: 'DEADLINE', detail, next: ['hms-svc bots list'] })
  }

  private async close(tx: Transaction, simulation: Simulation): Promise<void> {
    await tx.documents(SIMULATIONS).put(simulation)
    await this.runtime.cancel(tx, timerId('simulate', simulation))
    await this.runtime.cancel(tx, timerId('simulate-deadline', simulation))
  }

  private async emit<T extends keyof EventData>(tx: Transaction, { key, run, attempt, causationId }: Simulation, type: T, data: EventData[T]): Promise<void> {
    await this.runtime.emit(tx, type, data, { key, run, attempt, causationId })
  }
}

const STATE_OF: Record<SimulationVerdict['do'], Simulation['state']> = { pass: 'passed', fail: 'failed', pause: 'paused' }

function timerId(kind: string, { run, attempt }: Simulation): string {
  return `${kind}:${run}:${attempt}`
}
