import type { CanaryFigures, PassedStep } from './canary-figures.js'
import type { RunClock } from './clock.js'

/** States of a run. The last six are terminal. */
export const RUN_STATES = [
  'AWAITING_APPROVAL',
  'QUEUED',
  'LINTING',
  'SIMULATING',
  'WAITING',
  'CANARY',
  'ROLLING_OUT',
  'BAKING',
  'NOTIFYING',
  'PAUSED',
  'ROLLING_BACK',
  'SUCCEEDED',
  'FAILED',
  'ROLLED_BACK',
  'ABORTED',
  'SUPERSEDED',
  'STALE',
] as const
export type RunState = (typeof RUN_STATES)[number]

const TERMINAL: ReadonlySet<string> = new Set(['SUCCEEDED', 'FAILED', 'ROLLED_BACK', 'ABORTED', 'SUPERSEDED', 'STALE'])
export const ENDED_STATES: readonly RunState[] = RUN_STATES.filter(isTerminal)

export function isTerminal(state: RunState): boolean {
  return TERMINAL.has(state)
}

export const STAGES = ['lint', 'simulate', 'canary', 'rollout', 'notify'] as const
export type StageName = (typeof STAGES)[number]
export type StageVerdict = 'PENDING' | 'RUNNING' | 'PASS' | 'FAIL' | 'INCONCLUSIVE' | 'SKIPPED'

/** What people decide about a run that is under way. */
export const RUN_DECISIONS = ['pause', 'resume', 'promote', 'extend', 'retry', 'abort'] as const
export type RunDecisionName = (typeof RUN_DECISIONS)[number]
/** `supersede`: a newer release takes the run's place, because its approvers said so. */
export type RunControl = RunDecisionName | 'supersede'

/** A decision that was accepted. It counts when the stage that owns the run applies it; else it came too late. */
export interface RunDecision {
  /** Digest of what was signed; of `supersede` the digest of the newer approval. */
  id: string
  decision: RunControl
  /** Name of the person; of `supersede` the newer run. */
  by: string
  reason: string
  at: string
  outcome: 'pending' | 'applied' | 'late'
  /** Of `supersede`: number of the newer run. */
  successor?: number
}

/** A policy as a run carries it: `digest` is the policy digest. */
export interface RunPolicy {
  id: string
  version: string
  digest: string
}

export interface RunStage {
  stage: StageName
  verdict: StageVerdict
  /** One line for people; what stands in the parentheses of `runs show`. */
  detail: string
  /** Label where a stage has one of its own, such as `Canary 5% traffic (National Capital Region)`. */
  label?: string
  /** Canary: what it was judged by. */
  figures?: CanaryFigures
  /** Canary of several steps: those that it has passed. */
  steps?: PassedStep[]
  startedAt: string | null
  endedAt: string | null
}

/** Of a run that several people together sent past simulation, canary, freezes and waiting. */
export interface BreakGlass {
  /** Signed by them. */
  reason: string
  /** Names of those who signed. */
  by: string[]
  review: BreakGlassReview
}

/** `OVERDUE`: those who signed approve nothing until somebody else closes it. */
export interface BreakGlassReview {
  ticket: number
  dueAt: string
  state: 'OPEN' | 'OVERDUE' | 'CLOSED'
  /** Name of the person who closed it. */
  closedBy?: string
}

/** `runs show --json`, `runs watch --json`, and each frame of `GET /v1/runs/{n}/events`. */
export interface RunView {
  run: number
  /** Release digest; of a bundle the digest over its sorted release digests. What decisions are bound to. */
  digest: string
  state: RunState
  reason?: string
  /** How it ended, in a sentence, where no stage says it: who rejected it and why, what moved. Of QUEUED: what it waits for. */
  detail?: string
  /** Number of the run that took its place. */
  supersededBy?: number
  attempt: number
  policies: RunPolicy[]
  stages: RunStage[]
  /** Who decided what, the oldest first. */
  decisions: RunDecision[]
  breakGlass?: BreakGlass
  createdAt: string
  endedAt: string | null
  /** How fast it came into force; none until it is live for all, and after it was taken back. */
  clock?: RunClock
  /** As `GET /v1/runs` returns it: approved, open, and neither in force nor its partners notified within HMS_APPROVER_PROMISE. */
  late?: true
  /** Of a run that succeeded, as `GET /v1/runs/{n}` returns it: its policies whose release is no longer in force. */
  replaced?: ReplacedPolicy[]
}

/** A policy of a run whose release another one replaced, or nothing did. */
export interface ReplacedPolicy {
  id: string
  /** Version in force now; `null` where none is. */
  now: string | null
  /** When the version of the run was rolled back or withdrawn, RFC 3339; missing where a newer release replaced it. */
  takenBackAt?: string
}

/** The run waits for the time of its rule: readers hold it, and nobody lives under it yet. */
export function isHeld({ state, reason }: Pick<RunView, 'state' | 'reason'>): boolean {
  return state === 'WAITING' && reason === 'EFFECTIVE_AT'
}
