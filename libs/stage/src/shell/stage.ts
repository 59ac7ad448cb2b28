import type { EventType, StageName } from '#libs/contracts'
import type { DocumentTable, Transaction } from '#libs/persistence'
import type { CommonEffect, CommonInput, Decision, StageState } from '#libs/pipeline'
import type { AttestingStage } from '#libs/signing'

/** The effects that a stage performs itself: all that its decider asks for and the shell does not know. */
export type OwnEffect<Effect> = Exclude<Effect, CommonEffect<EventType, string>>

/** What makes a stage: its decider, where its state is kept, and the effects of its own. */
export interface Stage<State extends StageState, Input extends { type: string }, Effect extends { do: string }, Timer extends string> {
  name: StageName
  /** Where the state of the newest attempt of each run is kept. Without it the stage decides once and keeps nothing. */
  table?: DocumentTable<State>
  /** Whether a run that is ended early is not opened here. */
  isAbortable: boolean
  /** Stages that must have vouched for a run before it may go on here. */
  attestedBy: readonly AttestingStage[]
  timers: readonly Timer[]
  /** Pure. The context (configuration, profile, time) is closed over. */
  decide(state: State, input: Input | CommonInput<Timer>, now: Date): Decision<State, Effect>
  /** Locks of a run: all its policies. */
  keysOf(state: State): readonly string[]
  /** An event or a response with what the effects before it found; `undefined` where the stage keeps it to send it later. */
  amend?(tx: Transaction, state: State, effect: CommonEffect<EventType, Timer>): Promise<CommonEffect<EventType, Timer> | undefined>
  /** Performs an effect of its own in the transaction; answers with the state where the effect changed it. */
  perform(tx: Transaction, state: State, effect: OwnEffect<Effect>): Promise<State | void>
}
