import type {
  BreakGlass,
  CanaryFigures,
  KeptPolicy,
  PassedStep,
  Reach,
  RolloutPlan,
  RunDecision,
  RunPolicy,
  RunState,
  StageName,
  StageVerdict,
  WaitReason,
} from '#libs/contracts'

/** Known facts of one stage. Facts are only added, so events may arrive in any order across topics. */
export interface StageFacts {
  startedAt?: string
  endedAt?: string
  verdict?: Extract<StageVerdict, 'PASS' | 'FAIL' | 'INCONCLUSIVE'>
  detail?: string
  label?: string
  /** Canary: figures of its verdict. */
  figures?: CanaryFigures
  /** Canary of several steps: the passed ones. */
  steps?: PassedStep[]
  reason?: string
  next?: string[]
  /** Reason for waiting; `null` once it has resumed. */
  waits?: WaitReason | null
  /** Canary: its first head was issued, so it has its regions even while it waits. */
  shown?: boolean
  /** Canary: the run that it waits for, or waited for last. */
  behind?: number
  /** When it continues by itself, if reported (RFC 3339). */
  until?: string
  /** Rollout: all bots have the release, and the bake runs. */
  baking?: boolean
  /** Rollout: effective time of a rule that all readers held before it (RFC 3339). */
  effectiveAt?: string
  /** Rollout: how many bots have it, and since when. */
  reach?: Reach
  /** Notify: number of partners, how many were notified and the last of them when, and how many acknowledged. */
  partners?: number
  told?: number
  toldAt?: string
  toldInTime?: number
  acknowledged?: number
  /** Warning of a guard rule that did not stop the stage. */
  warning?: string
}

/** End of a run from outside its stages. */
export interface EndedEarly {
  state: 'ABORTED' | 'SUPERSEDED' | 'STALE' | 'FAILED'
  reason: string
  detail: string
  at: string
  /** SUPERSEDED: number of the newer run. */
  by?: number
}

/** Facts of a run from people and stages, as stored by approver. `projectRun` derives its state. */
export interface RunFacts {
  run: number
  attempt: number
  policies: RunPolicy[]
  /** A signed rollback: it goes live in its rollout, without other stages, and ends there. */
  isRollback?: true
  /** Set if several people together skipped simulation, canary, freezes and waiting. */
  breakGlass?: BreakGlass
  createdAt: string
  /** When every approver had signed. */
  approvedAt?: string
  /** When its turn came and lint was requested. */
  startedAt?: string
  stages: Partial<Record<StageName, StageFacts>>
  /** Decisions of people, oldest first. */
  decisions: RunDecision[]
  endedEarly?: EndedEarly
  /** Policies that the rollout left in force when the run ended. */
  kept?: KeptPolicy[]
  /** First terminal state; it is final. Later events of stages add facts but do not change it. */
  ended?: { state: RunState; reason?: string; at: string }
}

export function newRun(run: number, policies: RunPolicy[], createdAt: string): RunFacts {
  return { run, attempt: 1, policies, createdAt, stages: {}, decisions: [] }
}

/** Whether a run without evidence pauses: always in production, elsewhere if its plan requests it, which the roster can require. */
export function isEvidenceRequired(profile: 'dev' | 'production', plan: RolloutPlan): boolean {
  return profile === 'production' || plan.requireEvidence === true
}
