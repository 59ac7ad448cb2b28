import type { AcceptedDecision, EventData, EventType, KeptPolicy } from '#libs/contracts'

/** Reasons for which rollout refuses a break-glass before it issues heads, in addition to the reasons of every stage. */
export const BREAK_GLASS_REFUSALS = ['NOT_APPROVED', 'NOT_BREAK_GLASS', 'GRANT_EXPIRED', 'LIVE_MOVED'] as const
export type BreakGlassRefusal = (typeof BREAK_GLASS_REFUSALS)[number]

/** Stored state of a stage for the newest attempt of a run that reached the stage. */
export interface StageState {
  run: number
  attempt: number
  /** Key of the run's events. */
  key: string
  /** `new` until the stage's first decision. */
  state: string
  /** Id of the event that opened the stage. */
  causationId: string
  /** W3C trace context of the run; `null` if the opening event had none. */
  traceparent: string | null
}

/** Result of a stage's decision. The shell performs the effects in this order and stores the state, in one transaction. */
export interface Decision<State, Effect> {
  state: State
  effects: readonly Effect[]
}

/** Publishes an event of this stage. The shell adds key, run, attempt and causation. */
export type Emit<Type extends EventType> = Type extends EventType ? { do: 'emit'; type: Type; data: EventData[Type] } : never

/** Starts or restarts a timer of this attempt. */
export interface Schedule<Timer extends string> {
  do: 'schedule'
  timer: Timer
  inMs: number
}

export interface Cancel<Timer extends string> {
  do: 'cancel'
  timers: readonly Timer[]
}

export interface DecisionResponse {
  do: 'answer'
  decision: AcceptedDecision
  outcome: 'applied' | 'late'
  detail: string
  kept?: KeptPolicy[]
}

/** Effects that the shell performs for every stage. */
export type CommonEffect<Type extends EventType, Timer extends string> = Emit<Type> | Schedule<Timer> | Cancel<Timer> | DecisionResponse

/** The run may not continue: it lacks an attestation, an approval or a part of a bundle, or readers would refuse its releases. */
export interface Refused {
  type: 'refused'
  reason: 'UNATTESTED' | 'BUNDLE_BROKEN' | 'READERS_REFUSE' | BreakGlassRefusal
  detail: string
}

export interface Due<Timer extends string> {
  type: 'due'
  timer: Timer
}

/** The run ended by a deadline, a fault, a rollback or a later stage. Applies to `attempt` and all earlier attempts. */
export interface Ended {
  type: 'ended'
  attempt: number
  reason: string
}

/** A person's decision about the run. `refusal`: why the stage does not accept the signed statement. */
export interface DecisionReceived {
  type: 'decisionReceived'
  decision: AcceptedDecision
  /** When the person signed (RFC 3339); absent for `supersede`. */
  signedAt?: string
  refusal?: string
}

/** Inputs that the shell passes to every stage. */
export type CommonInput<Timer extends string> = Refused | Due<Timer> | Ended | DecisionReceived

export function precededBy<State, Effect>(first: readonly Effect[], { state, effects }: Decision<State, Effect>): Decision<State, Effect> {
  return { state, effects: [...first, ...effects] }
}

export function unchanged<State>(state: State): { state: State; effects: [] } {
  return { state, effects: [] }
}
