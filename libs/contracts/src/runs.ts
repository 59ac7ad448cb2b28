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

export const RUN_DECISIONS = ['pause', 'resume', 'promote', 'extend', 'retry', 'abort'] as const
export type RunDecisionName = (typeof RUN_DECISIONS)[number]
/** `supersede`: a newer release replaces the run, as its approvers decided. */
export type RunControl = RunDecisionName | 'supersede'

/** An accepted decision. It takes effect when the stage that owns the run applies it, unless it is too late by then. */
export interface RunDecision {
  /** Digest of the signed statement; for `supersede`, of the newer approval. */
  id: string
  decision: RunControl
  /** Name of the person; for `supersede`, the newer run. */
  by: string
  reason: string
  at: string
  outcome: 'pending' | 'applied' | 'late'
  /** Number of the newer run; only for `supersede`. */
  successor?: number
}

/** A policy of a run; `digest` is the policy digest. */
export interface RunPolicy {
  id: string
  version: string
  digest: string
}

/** Returns `a@1.0.0, b@2.0.0`. */
export function policyRefs(policies: readonly Pick<RunPolicy, 'id' | 'version'>[]): string {
  return policies.map(({ id, version }) => `${id}@${version}`).join(', ')
}

export interface RunStage {
  stage: StageName
  verdict: StageVerdict
  /** One line for people, shown in parentheses by `runs show`. */
  detail: string
  /** The stage's own label, such as `Canary 5% traffic (National Capital Region)`. */
  label?: string
  /** Canary: figures of its verdict. */
  figures?: CanaryFigures
  /** Canary of several steps: the passed steps. */
  steps?: PassedStep[]
  startedAt: string | null
  endedAt: string | null
}

/** Break-glass of a run: several people together skipped simulation, canary, freezes and the queue. */
export interface BreakGlass {
  /** Reason; part of the signed statement. */
  reason: string
  /** Names of the signers. */
  by: string[]
  review: BreakGlassReview
}

/** Review of a break-glass. `OVERDUE`: its signers cannot approve anything until another person closes it. */
export interface BreakGlassReview {
  ticket: number
  dueAt: string
  state: 'OPEN' | 'OVERDUE' | 'CLOSED'
  /** Name of the person who closed it. */
  closedBy?: string
}

/** Output of `runs show --json` and `runs watch --json`, and each frame of `GET /v1/runs/{n}/events`. */
export interface RunView {
  run: number
  /** Release digest; for a bundle, the digest of its sorted release digests. Decisions are bound to it. */
  digest: string
  state: RunState
  reason?: string
  /** Outcome in a sentence, if no stage reports it, such as who rejected the approval and why. In QUEUED: the condition it waits for. */
  detail?: string
  /** Number of the run that superseded it. */
  supersededBy?: number
  attempt: number
  policies: RunPolicy[]
  stages: RunStage[]
  /** Decisions of people, oldest first. */
  decisions: RunDecision[]
  breakGlass?: BreakGlass
  createdAt: string
  endedAt: string | null
  /** When the run continues without a decision (RFC 3339): end of the observation or bake, or effective time. Absent if not timed. */
  continuesAt?: string
  /** Times until the release was in force; absent until it is live for all, and after a rollback. */
  clock?: RunClock
  /** From `GET /v1/runs`: open HMS_APPROVER_PROMISE after approval. Not set while all bots have the release before its effective time. */
  late?: true
  /** Policies of an unsuccessful run that remain in force. */
  kept?: KeptPolicy[]
  /** From `GET /v1/runs/{n}` of a succeeded run: policies whose release is no longer in force. */
  replaced?: ReplacedPolicy[]
}

/** A policy that could not be rolled back when its run ended, because readers would refuse the previous release. */
export interface KeptPolicy {
  id: string
  /** Version that stays in force. */
  version: string
  /** Refused previous version; `null` if there was none, and readers would refuse the previous release of another policy of the bundle. */
  refused: string | null
  /** Code and sentence (without full stop) of the readers' refusal, for the first refused policy of the bundle. */
  code: string
  detail: string
}

/** A policy of a run whose release was replaced or withdrawn. */
export interface ReplacedPolicy {
  id: string
  /** Version currently in force; `null` if none. */
  now: string | null
  /** When the run's version was rolled back or withdrawn, RFC 3339; missing if a newer release replaced it. */
  takenBackAt?: string
}

/** Whether the run waits for its effective time: readers have received the release but do not apply it yet. */
export function isHeld({ state, reason }: Pick<RunView, 'state' | 'reason'>): boolean {
  return state === 'WAITING' && reason === 'EFFECTIVE_AT'
}
