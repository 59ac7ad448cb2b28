import type { EventType, StageName } from '#libs/contracts'
import type { DocumentTable, Transaction } from '#libs/persistence'
import type { CommonEffect, CommonInput, Decision, StageState } from '#libs/pipeline'
import type { AttestingStage } from '#libs/signing'

/** Effects that a stage performs itself: those of its decider that the shell does not know. */
export type OwnEffect<Effect> = Exclude<Effect, CommonEffect<EventType, string>>

/** Definition of a stage: its decider, the table of its state, and its own effects. */
export interface Stage<State extends StageState, Input extends { type: string }, Effect extends { do: string }, Timer extends string> {
  name: StageName
  /** Table of the state of each run's newest attempt. Without one, the stage decides once and stores nothing. */
  table?: DocumentTable<State>
  /** Whether a run that was ended early is not opened here. */
  isAbortable: boolean
  /** Stages that must have attested a run before it may continue here. */
  attestedBy: readonly AttestingStage[]
  timers: readonly Timer[]
  /** Pure decider; the context (configuration, profile, time) is in its closure. */
  decide(state: State, input: Input | CommonInput<Timer>, now: Date): Decision<State, Effect>
  /** Returns the lock keys of a run: all its policies. */
  keysOf(state: State): readonly string[]
  /** An event or a response with what the effects before it found; `undefined` where the stage keeps it to send it later. */
  amend?(tx: Transaction, state: State, effect: CommonEffect<EventType, Timer>): Promise<CommonEffect<EventType, Timer> | undefined>
  /** Performs one of its own effects in the transaction; returns the state if the effect changed it. */
  perform(tx: Transaction, state: State, effect: OwnEffect<Effect>): Promise<State | void>
}
