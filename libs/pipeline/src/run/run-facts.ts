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

/** Known facts of one stage. Facts are only added, because events of different topics may arrive in any order. */
export interface StageFacts {
  startedAt?: string
  endedAt?: string
  verdict?: Extract<StageVerdict, 'PASS' | 'FAIL' | 'INCONCLUSIVE'>
  detail?: string
  label?: string
  figures?: CanaryFigures
  /** Canary of several steps: the passed steps. */
  steps?: PassedStep[]
  reason?: string
  next?: string[]
  /** Reason for waiting; `null` once the stage has continued. */
  waits?: WaitReason | null
  /** Canary: the first heads were issued, so the canary occupies its regions even while it waits. */
  shown?: boolean
  /** Canary: run whose canary it waits for, or last waited for. */
  behind?: number
  /** When the stage continues if no decision comes (RFC 3339). */
  until?: string
  /** Rollout: whether the bake has begun. */
  baking?: boolean
  /** Rollout: effective time (RFC 3339) of a release that readers received beforehand. */
  effectiveAt?: string
  reach?: Reach
  /** Notify: how many partners there are, were told (`toldAt`: the last), told in time, and acknowledged. */
  partners?: number
  told?: number
  toldAt?: string
  toldInTime?: number
  acknowledged?: number
  /** Warning of a guard rule that did not stop the stage. */
  warning?: string
}

/** End of a run for a reason outside its stages. */
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
  /** Set for a signed rollback, whose only stage is the rollout. */
  isRollback?: true
  /** Set if several people together skipped simulation, canary, freezes and the queue. */
  breakGlass?: BreakGlass
  createdAt: string
  /** When the last required signature was accepted. */
  approvedAt?: string
  /** When the run left the queue and its first stage was requested. */
  startedAt?: string
  stages: Partial<Record<StageName, StageFacts>>
  /** Decisions of people, oldest first. */
  decisions: RunDecision[]
  endedEarly?: EndedEarly
  kept?: KeptPolicy[]
  /** First terminal state, which is final: later events only add facts. */
  ended?: { state: RunState; reason?: string; at: string }
}

export function newRun(run: number, policies: RunPolicy[], createdAt: string): RunFacts {
  return { run, attempt: 1, policies, createdAt, stages: {}, decisions: [] }
}

/** Whether a run without evidence pauses: always in production; in profile dev if its plan requires evidence. */
export function isEvidenceRequired(profile: 'dev' | 'production', plan: RolloutPlan): boolean {
  return profile === 'production' || plan.requireEvidence === true
}
