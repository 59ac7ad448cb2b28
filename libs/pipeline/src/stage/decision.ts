import type { AcceptedDecision, EventData, EventType } from '#libs/contracts'
import type { BreakGlassRefusal } from './break-glass-refusals.js'

/** What every stage keeps of the newest attempt of a run that reached it. */
export interface StageState {
  run: number
  attempt: number
  /** Key of the run's events. */
  key: string
  /** `new` until the stage has decided for the first time. */
  state: string
  /** Id of the event that opened it. */
  causationId: string
  /** W3C trace context of the run; `null` when its opener carried none. */
  traceparent: string | null
}

/** What a stage decided. The shell performs the effects in this order and stores the state, in one transaction. */
export interface Decision<State, Effect> {
  state: State
  effects: readonly Effect[]
}

/** Sends an event of this stage. The shell adds key, run, attempt and causation. */
export type Emit<Type extends EventType> = Type extends EventType ? { do: 'emit'; type: Type; data: EventData[Type] } : never

/** Starts, or starts again, a timer of this attempt. */
export interface Schedule<Timer extends string> {
  do: 'schedule'
  timer: Timer
  inMs: number
}

export interface Cancel<Timer extends string> {
  do: 'cancel'
  timers: readonly Timer[]
}

/** Answers the decision of a person: it counted, or it came too late. */
export interface Answer {
  do: 'answer'
  decision: AcceptedDecision
  outcome: 'applied' | 'late'
  detail: string
}

/** The effects that the shell performs for every stage. */
export type CommonEffect<Type extends EventType, Timer extends string> = Emit<Type> | Schedule<Timer> | Cancel<Timer> | Answer

/** The run may not go on here: an earlier stage or its people did not vouch for it, or it is not the whole bundle that they approved. */
export interface Refused {
  type: 'refused'
  reason: 'UNATTESTED' | 'BUNDLE_BROKEN' | 'READERS_REFUSE' | BreakGlassRefusal
  detail: string
}

/** A timer of this attempt is due. */
export interface Due<Timer extends string> {
  type: 'due'
  timer: Timer
}

/** The run is over by a deadline, a fault, a rollback or a later stage: for this attempt and all before it. */
export interface Ended {
  type: 'ended'
  attempt: number
  reason: string
}

/** A person decided about the run. `refusal`: why their statement does not count. */
export interface Asked {
  type: 'asked'
  decision: AcceptedDecision
  /** When the person signed it (RFC 3339); a newer release that supersedes the run does not say. */
  signedAt?: string
  refusal?: string
}

/** The inputs that the shell gives to every stage. */
export type CommonInput<Timer extends string> = Refused | Due<Timer> | Ended | Asked

/** The input changes nothing. */
export function unchanged<State>(state: State): { state: State; effects: [] } {
  return { state, effects: [] }
}
