import {
  type AcceptedDecision,
  type EventData,
  type EventType,
  openDossier,
  type ReceivedEvent,
  type RunDossier,
  STAGE_TOPICS,
  type StageName,
} from '#libs/contracts'
import type { HandlerResult } from '#libs/messaging'
import { type DocumentTable, lockedDocument, timerKind, type TimerKind, type Transaction, type WorkHandler } from '#libs/persistence'
import { type CommonEffect, type CommonInput, type Decision, isEvidenceRequired, type StageState } from '#libs/pipeline'
import { inTrace } from '#libs/platform'
import { type AttestingStage, brokenBundle, unattested } from '#libs/signing'
import { type ServiceRuntime, emitVerdict } from '#libs/service'
import { isEndedOnArrival, earlyDecision, verifyDecision, mayOwn, storeAbort, storeDecision, respond } from '../control/decisions.js'
import { guard, judgeReleases } from '#libs/guard'

/** Effects of a decider that the stage performs itself, because the shell does not know them. */
export type OwnEffect<Effect> = Exclude<Effect, CommonEffect<EventType, string>>

/** Definition of a stage: its decider, the table of its state, and its own effects. */
export interface Stage<State extends StageState, Input extends { type: string }, Effect extends { do: string }, Timer extends string> {
  name: StageName
  /** Table with the state of each run's newest attempt. Without a table, the stage decides once per run and stores nothing. */
  table?: DocumentTable<State>
  /** `true`: a run that was ended before it arrived is not opened. `false`: it is opened all the same. */
  skipsEndedRuns: boolean
  /** Stages that must have attested a run before it may continue here. */
  attestedBy: readonly AttestingStage[]
  timers: readonly Timer[]
  /** Pure decider; the context (configuration, profile, time) is in its closure. */
  decide(state: State, input: Input | CommonInput<Timer>, now: Date): Decision<State, Effect>
  /** Returns the lock keys of a run: all its policies. */
  keysOf(state: State): readonly string[]
  /** Completes an effect with results of earlier ones; `undefined`: the stage sends it later. Own effects are returned unchanged. */
  amend?(tx: Transaction, state: State, effect: CommonEffect<EventType, Timer>): Promise<CommonEffect<EventType, Timer> | undefined>
  /** Performs one of the stage's own effects in the transaction; returns the state if the effect changed it. */
  perform(tx: Transaction, state: State, effect: OwnEffect<Effect>): Promise<State | void>
}

/** Run that arrives at a stage. `fresh`: state of the run before the first decision. */
export interface Arrival<State> {
  fresh: State
  dossier: RunDossier
  cause: Pick<ReceivedEvent, 'key' | 'id' | 'traceparent'>
  /** Overrides `Stage.skipsEndedRuns` for this run. */
  skipsEndedRuns?: boolean
  /** Overrides `Stage.attestedBy` for this run. */
  attestedBy?: readonly AttestingStage[]
}

/** Data of a run's timer. `key`: key of the run's events, used to fail the run when its timer keeps failing. */
type RunTimer = { run: number; attempt: number; key: string }

/** Returns the members of a run's state that come from the opening event. */
export function originOf({ key, id, traceparent }: Arrival<unknown>['cause']): Pick<StageState, 'key' | 'causationId' | 'traceparent'> {
  return { key, causationId: id, traceparent: traceparent ?? null }
}

export function optionsOf({ key, run, attempt, causationId }: Pick<StageState, 'key' | 'run' | 'attempt' | 'causationId'>) {
  return { key, run, attempt, causationId }
}

/** Work outside a transaction, whose result is the input to apply. `outside`: see `WorkHandler`. */
type StageWork<State, Input> = (state: State, outside: Parameters<WorkHandler>[0]['outside']) => Promise<Input | undefined>

/** Shell around every decider: opens a run once per attempt, locks it, decides, and performs the effects in the same transaction. */
export class StageShell<
  State extends StageState,
  Input extends { type: string },
  Effect extends { do: string },
  Timer extends string = never,
> {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly stage: Stage<State, Input, Effect, Timer>,
  ) {}

  /** Registers the timers; call once, before the start. */
  listen(works: Partial<Record<Timer, StageWork<State, Input>>> = {}): void {
    for (const timer of this.stage.timers) {
      const work = works[timer]
      if (work !== undefined) this.onWork(timer, work)
      else {
        this.runtime.timers.on(this.kindOf(timer), async (tx, { data }) => {
          await this.input(tx, data.run, { type: 'due', timer }, data)
        })
      }
    }
  }

  /** Registers a handler of the service itself for a timer whose input has to be read from the database first. */
  onDue(timer: Timer, handle: (tx: Transaction, run: RunTimer) => Promise<void>): void {
    this.runtime.timers.on(this.kindOf(timer), (tx, { data }) => handle(tx, data))
  }

  /**
   * Opens an arriving run, once per attempt, unless it was ended before or a guard rule denies it. A stage with `attestedBy` refuses a run
   * that lacks one of these attestations, or is only part of the approved bundle. `begin` returns the first input after all checks passed.
   */
  async open(
    tx: Transaction,
    { fresh, dossier, cause, skipsEndedRuns = this.stage.skipsEndedRuns, attestedBy = this.stage.attestedBy }: Arrival<State>,
    begin: () => Promise<Input> | Input,
  ): Promise<HandlerResult> {
    const { name, table } = this.stage
    const known = table === undefined ? undefined : await tx.documents(table).get(String(fresh.run))
    if (known !== undefined && known.attempt >= fresh.attempt) return 'ignored-stale'
    const [isEnded, early] = await Promise.all([
      skipsEndedRuns && isEndedOnArrival(this.runtime.outbox, tx, dossier, { stage: name, key: cause.key }),
      table === undefined ? undefined : earlyDecision(tx, dossier),
    ])
    if (isEnded) return 'ignored-stale'
    if (known !== undefined) await this.decide(tx, known, { type: 'ended', attempt: known.attempt, reason: 'a newer attempt replaced it' })
    // Judged by the roster and profile of this service, not of the sender.
    const evidence = isEvidenceRequired(this.runtime.profile, dossier.plan) ? 'required' : 'optional'
    const missing = unattested(dossier, attestedBy, { roster: this.runtime.roster, evidence })
    if (missing !== undefined) return this.decide(tx, fresh, { type: 'refused', reason: 'UNATTESTED', detail: missing })
    const broken = attestedBy.length === 0 ? undefined : brokenBundle(openDossier(dossier).releases)
    if (broken !== undefined) return this.decide(tx, fresh, { type: 'refused', reason: 'BUNDLE_BROKEN', detail: broken })
    if (await this.isDenied(tx, dossier, cause)) return // guard: guard-stage
    await this.decide(tx, fresh, await begin())
    if (early !== undefined) await this.decisionReceived(tx, early, () => dossier)
  }

  /** Applies an input to the run, if this stage has it. With `attempt`, only if that is the run's current attempt. */
  async input(tx: Transaction, run: number, input: Input | CommonInput<Timer>, { attempt }: { attempt?: number } = {}): Promise<void> {
    await this.locked(tx, run, async (state) => {
      if (attempt === undefined || state.attempt === attempt) await this.decide(tx, state, input)
    })
  }

  /** Locks all policies of the run and passes its state to `work`; returns `false`, without an effect, if this stage lacks the run. */
  async locked(tx: Transaction, run: number, work: (state: State) => Promise<void>): Promise<boolean> {
    const state = await lockedDocument(tx, this.tableOf(), String(run), this.stage.keysOf)
    if (state !== undefined) await inTrace(state.traceparent, () => work(state))
    return state !== undefined
  }

  /** Ends the run: at once if this stage has it, otherwise when it arrives. */
  async ended(
    tx: Transaction,
    { run, attempt, reason }: Pick<EventData['hms.run.decided.v1'], 'run' | 'attempt' | 'reason'>,
  ): Promise<void> {
    await storeAbort(tx, { run, attempt })
    await this.input(tx, run, { type: 'ended', attempt, reason })
  }

  /**
   * Applies a decision about the run. A decision that arrives before its attempt of the run is stored and applied once that attempt is
   * opened; if it ends the run, the run is not opened on arrival. `dossierOf` returns the dossier that the decision's signature must name.
   */
  async decisionReceived(tx: Transaction, decision: AcceptedDecision, dossierOf: (state: State) => RunDossier): Promise<void> {
    const { name } = this.stage
    if (!mayOwn(name, decision)) return
    const hasRun = await this.locked(tx, decision.run, async (state) => {
      if (state.attempt < decision.attempt) return storeDecision(tx, name, decision)
      await this.decide(tx, state, {
        type: 'decisionReceived',
        decision,
        ...verifyDecision(this.runtime.rosters.newest, dossierOf(state), decision, tx.now),
      })
    })
    if (!hasRun) await storeDecision(tx, name, decision)
  }

  /** Decides on a state that the caller has locked. */
  async decide(tx: Transaction, before: State, input: Input | CommonInput<Timer>): Promise<void> {
    const decision = this.stage.decide(before, input, tx.now)
    let { state } = decision
    for (const effect of decision.effects) state = (await this.perform(tx, state, effect)) ?? state
    const { table } = this.stage
    if (table !== undefined && state !== before) await tx.documents(table).put(state)
  }

  /** Whether the guard denies the run; publishes its verdict if a rule applies. After `true` the stage stops: approver ends the run. */
  private async isDenied(tx: Transaction, dossier: RunDossier, cause: Arrival<State>['cause']): Promise<boolean> {
    if ((dossier.guard ?? []).length === 0) return false
    const { name, rosters, outbox, signer } = this.runtime
    const { run, attempt, releases, live, guard: rules = [] } = openDossier(dossier)
    const principal = { kind: 'service' as const, id: name, name, roles: [] }
    const request = { action: 'advance' as const, principal, releases, live, rules, stage: this.stage.name }
    const verdict = judgeReleases(guard, rosters.newest, request)
    const options = { key: cause.key, run, attempt, causationId: cause.id, traceparent: cause.traceparent, topic: STAGE_TOPICS[name] }
    await emitVerdict(outbox, signer, tx, verdict, request, options)
    return verdict.verdict === 'FAIL'
  }

  private async perform(tx: Transaction, state: State, effect: Effect | CommonEffect<keyof EventData, Timer>): Promise<State | void> {
    const maybeCommon = effect as CommonEffect<keyof EventData, Timer>
    const common = this.stage.amend === undefined ? maybeCommon : await this.stage.amend(tx, state, maybeCommon)
    if (common === undefined) return
    switch (common.do) {
      case 'emit':
        await this.runtime.outbox.emit(tx, common.type, common.data, optionsOf(state))
        return
      case 'schedule':
        return this.schedule(tx, state, common.timer, common.inMs)
      case 'cancel':
        return this.runtime.timers.cancel(tx, ...common.timers.map((timer) => this.timerId(timer, state)))
      case 'answer':
        return respond(this.runtime.outbox, tx, common, { ...state, stage: this.stage.name })
      default:
        return this.stage.perform(tx, state, effect as OwnEffect<Effect>)
    }
  }

  private schedule(tx: Transaction, state: State, timer: Timer, inMs: number): Promise<void> {
    const { run, attempt, key } = state
    const dueAt = new Date(tx.now.getTime() + inMs)
    const [id, kind] = [this.timerId(timer, state), this.kindOf(timer)]
    return this.runtime.timers.schedule(tx, { id, kind, keys: [...this.stage.keysOf(state)], data: { run, attempt, key }, dueAt })
  }

  private onWork(timer: Timer, work: StageWork<State, Input>): void {
    this.runtime.timers.onWork(this.kindOf(timer), async ({ timer: { data }, finish, outside }) => {
      const { run, attempt } = data
      const state = await this.runtime.database.autocommit((tx) => tx.documents(this.tableOf()).get(String(run)))
      const input = state?.attempt === attempt ? await inTrace(state.traceparent, () => work(state, outside)) : undefined
      await finish(async (tx) => {
        if (input !== undefined) await this.input(tx, run, input, { attempt })
      })
    })
  }

  private kindOf(timer: Timer): TimerKind<RunTimer> {
    return timerKind(`${this.stage.name}-${timer}`)
  }

  private timerId(timer: Timer, { run, attempt }: StageState): string {
    return `${this.kindOf(timer)}:${run}:${attempt}`
  }

  private tableOf(): DocumentTable<State> {
    if (this.stage.table === undefined) throw new TypeError(`the stage ${this.stage.name} has no table of runs`)
    return this.stage.table
  }
}
