import type { AcceptedDecision, EventData, ReceivedEvent, RunDossier } from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
import { timerKind, type FiredTimer, type Transaction } from '#libs/persistence'
import { isEvidenceRequired } from '#libs/pipeline'
import { TransientError } from '#libs/platform'
import { digestOf, signTestResult, withAttestation } from '#libs/signing'
import { ServiceRuntime } from '#libs/service'
import { answer, deniedByGuard, describeDecision, mayOwn, refusedHere } from '#libs/stage'
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import type { ReplayRunner } from '../replay/replay-runner.js'
import { encodeReport } from '../replay/report.js'
import { SimulatorConfig } from '../simulator.config.js'
import { judgeSimulation, type SimulationVerdict } from './judge-simulation.js'
import { rulesOf } from './policies-of-run.js'
import { REPLAY_RUNNER, ReplayRun, type ReplayOutcome } from './replay-run.js'
import { SIMULATIONS, type Simulation } from './simulation.table.js'
import { simulationResultOf } from './simulation-result.js'

type RunTimer = { run: number; attempt: number }
const SIMULATE = timerKind<RunTimer>('simulate')
const DEADLINE = timerKind<RunTimer>('simulate-deadline')

type Opened = Simulation & { dossier: RunDossier }
type Decided = Pick<EventData['hms.run.decided.v1'], 'run' | 'attempt'>

/** The stage: a row asks for the replay, a worker does it off the main thread, one transaction tells what came of it. */
@Injectable()
export class RunSimulation implements OnApplicationShutdown {
  private readonly stopping = new AbortController()
  /** Replays of this process by timer id, so that one whose verdict nobody waits for gives the worker free. */
  private readonly replaying = new Map<string, AbortController>()

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: SimulatorConfig,
    private readonly replayRun: ReplayRun,
    @Inject(REPLAY_RUNNER) private readonly runner: ReplayRunner,
  ) {
    runtime.onWork(SIMULATE, async ({ timer, finish }) => {
      const simulation = await runtime.database.transaction((tx) => this.waiting(tx, timer))
      const outcome = simulation === undefined ? undefined : await this.replay(timer.id, simulation.dossier)
      if (outcome === 'not wanted') return
      await finish(async (tx) => {
        const current = await this.waiting(tx, timer)
        if (current !== undefined && outcome !== undefined) await this.tell(tx, current, outcome)
      })
    })
    runtime.onTimer(DEADLINE, async (tx, timer) => {
      const simulation = await this.waiting(tx, timer)
      if (simulation !== undefined) await this.fail(tx, simulation, 'DEADLINE', `the replay did not end within ${config.deadline}`)
    })
  }

  /** A newer attempt takes the place of an older one; what is not newer was told before, or aborted. */
  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    const { run, attempt } = dossier
    const known = await tx.documents(SIMULATIONS).get(String(run))
    if (known !== undefined && known.attempt >= attempt) {
      if (known.decision !== undefined) await this.aborted(tx, known, known.decision)
      return 'ignored-stale'
    }
    if (known !== undefined) await this.close(tx, known)
    if (await deniedByGuard(this.runtime, tx, 'simulate', dossier, cause)) return
    const simulation: Opened = { ...newSimulation(run, attempt, cause), state: 'waiting', dossier }
    await tx.documents(SIMULATIONS).put(simulation)
    await this.emit(tx, simulation, 'hms.simulation.started.v1', { run, attempt })
    const keys = dossier.releases.map((release) => policyKey(release.id))
    const data = { run, attempt }
    await this.runtime.schedule(tx, { id: timerId(SIMULATE, simulation), kind: SIMULATE, keys, data, dueAt: tx.now })
    const dueAt = new Date(tx.now.getTime() + this.config.deadlineMs)
    await this.runtime.schedule(tx, { id: timerId(DEADLINE, simulation), kind: DEADLINE, keys, data, dueAt })
  }

  /** Also remembered when the run has not come here yet: decisions have a topic of their own and may overtake it. */
  async abort(tx: Transaction, { run, attempt }: Decided, cause: ReceivedEvent): Promise<void> {
    const known = await tx.documents(SIMULATIONS).get(String(run))
    if (known !== undefined && known.attempt > attempt) return
    if (known === undefined || known.attempt < attempt) await tx.documents(SIMULATIONS).put(newSimulation(run, attempt, cause))
    else if (known.state === 'waiting') await tx.documents(SIMULATIONS).put({ ...known, state: 'aborted' })
    if (known !== undefined) await this.close(tx, known)
  }

  /** A person decided about the run. An abort that comes before the simulation waits for it; one that comes after it is a later stage's. */
  async decide(tx: Transaction, decision: AcceptedDecision, cause: ReceivedEvent): Promise<void> {
    const { run, attempt } = decision
    if (decision.decision !== 'abort' || !mayOwn('simulate', decision)) return
    const known = await tx.documents(SIMULATIONS).get(String(run))
    if (known === undefined || known.attempt < attempt) {
      await this.abort(tx, { run, attempt }, cause)
      const waiting = (await tx.documents(SIMULATIONS).get(String(run)))!
      return tx.documents(SIMULATIONS).put({ ...waiting, decision })
    }
    if (known.attempt > attempt || (known.state !== 'waiting' && known.state !== 'paused')) return
    const refusal = refusedHere(this.runtime, known.dossier!, decision, tx.now)
    if (refusal !== undefined)
      return answer(this.runtime, tx, decision, { stage: 'simulate', key: known.key, outcome: 'late', detail: refusal })
    await this.aborted(tx, known, decision)
  }

  private async aborted(tx: Transaction, { decision: _answered, ...simulation }: Simulation, decision: AcceptedDecision): Promise<void> {
    await tx.documents(SIMULATIONS).put({ ...simulation, state: 'aborted' })
    await this.close(tx, simulation)
    await answer(this.runtime, tx, decision, {
      stage: 'simulate',
      key: simulation.key,
      outcome: 'applied',
      detail: describeDecision(decision),
    })
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping.abort()
    await this.runner.close()
  }

  private async waiting(tx: Transaction, { data }: FiredTimer<RunTimer>): Promise<Opened | undefined> {
    const simulation = await tx.documents(SIMULATIONS).get(String(data.run))
    const { attempt, state, dossier } = simulation ?? {}
    if (simulation === undefined || state !== 'waiting' || attempt !== data.attempt || !dossier) return undefined
    return { ...simulation, dossier }
  }

  private async replay(id: string, dossier: RunDossier): Promise<ReplayOutcome | 'not wanted'> {
    // A claim whose lease ran out (the process was held up) is claimed again: its verdict would not count, so it ends here.
    this.replaying.get(id)?.abort()
    const wanted = new AbortController()
    this.replaying.set(id, wanted)
    try {
      return await this.replayRun.execute(dossier, AbortSignal.any([this.stopping.signal, wanted.signal]))
    } catch (error) {
      if (wanted.signal.aborted) return 'not wanted'
      // The row is still there: the next process takes it up.
      if (this.stopping.signal.aborted) throw new TransientError('the simulator stops', { cause: error })
      throw error
    } finally {
      if (this.replaying.get(id) === wanted) this.replaying.delete(id)
    }
  }

  private async tell(tx: Transaction, simulation: Opened, outcome: ReplayOutcome): Promise<void> {
    if ('failure' in outcome) return this.fail(tx, simulation, outcome.failure.reason, outcome.failure.detail)
    const { run, attempt, dossier } = simulation
    const report = outcome.report === null ? null : encodeReport(outcome.report)
    const reportDigest = report === null ? null : digestOf(report)
    const verdict = judgeSimulation(outcome, isEvidenceRequired(this.runtime.profile, dossier.plan) ? 'required' : 'optional')
    const { score, skipped, scenarios } = outcome
    const attestation = await signTestResult(simulationResultOf(verdict.do, score, scenarios, reportDigest), dossier, this.runtime.signer)
    const told = { ...simulation, state: STATE_OF[verdict.do], score, skipped, report, reportDigest }
    await tx.documents(SIMULATIONS).put(told)
    await this.close(tx, told)
    if (verdict.do === 'pass') {
      const data = {
        dossier: withAttestation(dossier, 'simulate', attestation),
        summary: verdict.summary,
        reportDigest,
        scenarios: rulesOf(scenarios),
      }
      return this.emit(tx, simulation, 'hms.simulation.passed.v1', data)
    }
    const { reason, detail, next } = verdict
    const type = verdict.do === 'fail' ? 'hms.simulation.failed.v1' : 'hms.simulation.paused.v1'
    await this.emit(tx, simulation, type, { run, attempt, reason, detail, next, attestation })
  }

  private async fail(tx: Transaction, simulation: Opened, reason: string, detail: string): Promise<void> {
    const { run, attempt } = simulation
    await tx.documents(SIMULATIONS).put({ ...simulation, state: 'failed' })
    await this.close(tx, simulation)
    await this.emit(tx, simulation, 'hms.simulation.failed.v1', { run, attempt, reason, detail, next: ['hms-svc bots list'] })
  }

  /** Takes both timers back, and the replay with them. */
  private async close(tx: Transaction, simulation: Simulation): Promise<void> {
    const id = timerId(SIMULATE, simulation)
    await this.runtime.cancel(tx, id)
    await this.runtime.cancel(tx, timerId(DEADLINE, simulation))
    tx.afterCommit(() => this.replaying.get(id)?.abort())
  }

  private async emit<T extends keyof EventData>(tx: Transaction, simulation: Simulation, type: T, data: EventData[T]): Promise<void> {
    const { key, run, attempt, causationId, traceparent } = simulation
    await this.runtime.emit(tx, type, data, { key, run, attempt, causationId, traceparent: traceparent ?? undefined })
  }
}

const STATE_OF: Record<SimulationVerdict['do'], Simulation['state']> = { pass: 'passed', fail: 'failed', pause: 'paused' }

function timerId(kind: string, { run, attempt }: Simulation): string {
  return `${kind}:${run}:${attempt}`
}

function newSimulation(run: number, attempt: number, { id, key, traceparent }: ReceivedEvent): Simulation {
  const empty = { dossier: null, score: null, skipped: [], report: null, reportDigest: null }
  return { run, attempt, key, state: 'aborted', causationId: id, traceparent: traceparent ?? null, ...empty }
}
