import { openDossier, type AcceptedDecision, type EventData, type ReceivedEvent, type RunDossier } from '#libs/contracts'
import type { EventAnswer } from '#libs/messaging'
import { lockedDocument, timerKind, type DocumentTable, type TimerKind, type Transaction } from '#libs/persistence'
import { type CommonEffect, type CommonInput, type StageState } from '#libs/pipeline'
import { inTrace } from '#libs/platform'
import { brokenBundle, type AttestingStage } from '#libs/signing'
import type { ServiceRuntime } from '#libs/service'
import { earlyDecision, rememberAbort } from '../control/aborted-runs.js'
import { abortedBefore, judgeDecision, mayOwn, rememberDecision, respond } from '../control/decisions.js'
import { unattestedHere } from '../attestations/unattested-here.js'
import { deniedByGuard } from '../guard/denied-by-guard.js'
import type { OwnEffect, Stage } from './stage.js'

/** A run that reaches a stage: `fresh` is its state before the first decision. */
export interface Arrival<State> {
  fresh: State
  dossier: RunDossier
  cause: Pick<ReceivedEvent, 'key' | 'id' | 'traceparent'>
  /** Whether a run that was ended is not opened; as its stage has it, unless given. */
  isAbortable?: boolean
  /** Stages that must have vouched for it; as its stage has it, unless given. */
  attestedBy?: readonly AttestingStage[]
}

/** `key`: of the run's events, by which the run is failed when its timer goes on failing. */
type RunTimer = { run: number; attempt: number; key: string }

/** What the state of a run takes from the event that opens it. */
export function originOf({ key, id, traceparent }: Arrival<unknown>['cause']): Pick<StageState, 'key' | 'causationId' | 'traceparent'> {
  return { key, causationId: id, traceparent: traceparent ?? null }
}

/** The shell around every decider: opens a run once per attempt, locks it, decides, and performs the effects in the same transaction. */
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

  /**
   * Registers the timers; once, before the service starts. `works`: what a timer stands for that is done outside any transaction, when it
   * is due; what comes of it is an input, `undefined` when nobody waits for it any more.
   */
  listen(works: Partial<Record<Timer, (state: State) => Promise<Input | undefined>>> = {}): void {
    for (const timer of this.stage.timers) {
      const work = works[timer]
      if (work !== undefined) this.onWork(timer, work)
      else {
        this.runtime.onTimer(this.kindOf(timer), async (tx, { data }) => {
          await this.input(tx, data.run, { type: 'due', timer }, data)
        })
      }
    }
  }

  /** Registers one timer that its service answers by itself, for its input is counted first. */
  onDue(timer: Timer, handle: (tx: Transaction, run: RunTimer) => Promise<void>): void {
    this.runtime.onTimer(this.kindOf(timer), (tx, { data }) => handle(tx, data))
  }

  /**
   * A run arrives. It is opened once per attempt; a run that was ended before it came, or that a guard rule denies, is not opened, and one
   * that no earlier stage vouches for, or that is but a part of what was approved, is refused by stages that show it to readers. `begin`
   * gives the first input once all that is passed.
   */
  async open(
    tx: Transaction,
    { fresh, dossier, cause, isAbortable = this.stage.isAbortable, attestedBy = this.stage.attestedBy }: Arrival<State>,
    begin: () => Promise<Input> | Input,
  ): Promise<EventAnswer> {
    const { name, table } = this.stage
    const known = table === undefined ? undefined : await tx.documents(table).get(String(fresh.run))
    if (known !== undefined && known.attempt >= fresh.attempt) return 'ignored-stale'
    if (isAbortable && (await abortedBefore(this.runtime, tx, dossier, { stage: name, key: cause.key }))) return 'ignored-stale'
    if (known !== undefined)
      await this.decide(tx, known, { type: 'ended', attempt: known.attempt, reason: 'a newer attempt took its place' })
    const unattested = unattestedHere(this.runtime, dossier, attestedBy)
    if (unattested !== undefined) return this.decide(tx, fresh, { type: 'refused', reason: 'UNATTESTED', detail: unattested })
    const broken = attestedBy.length === 0 ? undefined : brokenBundle(openDossier(dossier).releases)
    if (broken !== undefined) return this.decide(tx, fresh, { type: 'refused', reason: 'BUNDLE_BROKEN', detail: broken })
    if (await deniedByGuard(this.runtime, tx, name, dossier, cause)) return
    await this.decide(tx, fresh, await begin())
    const early = table === undefined ? undefined : await earlyDecision(tx, dossier)
    if (early !== undefined) await this.asked(tx, early, () => dossier)
  }

  /** An input for the run, if it is here. `attempt`: only for this attempt. */
  async input(tx: Transaction, run: number, input: Input | CommonInput<Timer>, { attempt }: { attempt?: number } = {}): Promise<void> {
    await this.locked(tx, run, async (state) => {
      if (attempt === undefined || state.attempt === attempt) await this.decide(tx, state, input)
    })
  }

  /** Locks the whole run and hands over its state; answers `false`, and does nothing, where the run is not here. */
  async locked(tx: Transaction, run: number, work: (state: State) => Promise<void>): Promise<boolean> {
    const state = await lockedDocument(tx, this.tableOf(), String(run), this.stage.keysOf)
    if (state !== undefined) await inTrace(state.traceparent, () => work(state))
    return state !== undefined
  }

  /** The run is over, now or before it reaches this stage. */
  async ended(
    tx: Transaction,
    { run, attempt, reason }: Pick<EventData['hms.run.decided.v1'], 'run' | 'attempt' | 'reason'>,
  ): Promise<void> {
    await rememberAbort(tx, { run, attempt })
    await this.input(tx, run, { type: 'ended', attempt, reason })
  }

  /** A decision about the run. One that comes before it waits for it; `dossierOf` reads what the signature must name. */
  async asked(tx: Transaction, decision: AcceptedDecision, dossierOf: (state: State) => RunDossier): Promise<void> {
    const { name } = this.stage
    if (!mayOwn(name, decision)) return
    const isHere = await this.locked(tx, decision.run, async (state) => {
      if (state.attempt < decision.attempt) return rememberDecision(tx, name, decision)
      await this.decide(tx, state, { type: 'asked', decision, ...judgeDecision(this.runtime, dossierOf(state), decision, tx.now) })
    })
    if (!isHere) await rememberDecision(tx, name, decision)
  }

  /** Decides on a state that the caller has locked. */
  async decide(tx: Transaction, before: State, input: Input | CommonInput<Timer>): Promise<void> {
    const decision = this.stage.decide(before, input, tx.now)
    let { state } = decision
    for (const effect of decision.effects) state = (await this.perform(tx, state, effect)) ?? state
    const { table } = this.stage
    if (table !== undefined && state !== before) await tx.documents(table).put(state)
  }

  private async perform(tx: Transaction, state: State, effect: Effect | CommonEffect<keyof EventData, Timer>): Promise<State | void> {
    const plain = effect as CommonEffect<keyof EventData, Timer>
    const common = this.stage.amend === undefined ? plain : await this.stage.amend(tx, state, plain)
    if (common === undefined) return
    switch (common.do) {
      case 'emit': {
        const { key, run, attempt, causationId } = state
        await this.runtime.emit(tx, common.type, common.data, { key, run, attempt, causationId })
        return
      }
      case 'schedule':
        return this.schedule(tx, state, common.timer, common.inMs)
      case 'cancel':
        return this.runtime.cancel(tx, ...common.timers.map((timer) => this.timerId(timer, state)))
      case 'answer':
        return respond(this.runtime, tx, common, { ...state, stage: this.stage.name })
      default:
        return this.stage.perform(tx, state, effect as OwnEffect<Effect>)
    }
  }

  private schedule(tx: Transaction, state: State, timer: Timer, inMs: number): Promise<void> {
    const { run, attempt, key } = state
    const dueAt = new Date(tx.now.getTime() + inMs)
    const [id, kind] = [this.timerId(timer, state), this.kindOf(timer)]
    return this.runtime.schedule(tx, { id, kind, keys: [...this.stage.keysOf(state)], data: { run, attempt, key }, dueAt })
  }

  private onWork(timer: Timer, work: (state: State) => Promise<Input | undefined>): void {
    this.runtime.onWork(this.kindOf(timer), async ({ timer: { data }, finish }) => {
      const { run, attempt } = data
      const state = await this.runtime.database.transaction((tx) => tx.documents(this.tableOf()).get(String(run)))
      const input = state?.attempt === attempt ? await inTrace(state.traceparent, () => work(state)) : undefined
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
    if (this.stage.table === undefined) throw new TypeError(`the stage ${this.stage.name} keeps no runs`)
    return this.stage.table
  }
}
