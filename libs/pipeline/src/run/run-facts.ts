import type {
  BreakGlass,
  CanaryFigures,
  PassedStep,
  Reach,
  RunDecision,
  RunPolicy,
  RunState,
  StageName,
  StageVerdict,
  WaitReason,
} from '#libs/contracts'

/** What is known of one stage; facts only ever get added, so events may come in any order across topics. */
export interface StageFacts {
  startedAt?: string
  endedAt?: string
  verdict?: Extract<StageVerdict, 'PASS' | 'FAIL' | 'INCONCLUSIVE'>
  detail?: string
  label?: string
  /** Canary: what it was judged by. */
  figures?: CanaryFigures
  /** Canary of several steps: those that it has passed. */
  steps?: PassedStep[]
  reason?: string
  next?: string[]
  /** What it waits for; `null` once it has gone on. */
  waits?: WaitReason | null
  /** Canary: its first head is out, so it has its regions whatever it waits for. */
  shown?: boolean
  /** Canary: the run that it waits for, or waited for last. */
  behind?: number
  /** When it goes on by itself, where that was said (RFC 3339). */
  until?: string
  /** Rollout: everyone has it, and it is being watched. */
  baking?: boolean
  /** Rollout: the time of a rule that all readers held before it (RFC 3339). */
  effectiveAt?: string
  /** Rollout: how many of the bots have it, and since when. */
  reach?: Reach
  /** Notify: how many partners there are to tell, how many were told, the last of them when, and how many acknowledged. */
  partners?: number
  told?: number
  toldAt?: string
  toldInTime?: number
  acknowledged?: number
  /** What a guard rule had to say against it without stopping it. */
  warning?: string
}

/** How a run ended other than by its stages. */
export interface EndedEarly {
  state: 'ABORTED' | 'SUPERSEDED' | 'STALE' | 'FAILED'
  reason: string
  detail: string
  at: string
  /** Of SUPERSEDED: number of the newer run. */
  by?: number
}

/** The run as approver keeps it: facts from people and stages. `projectRun` makes its state of them. */
export interface RunFacts {
  run: number
  attempt: number
  policies: RunPolicy[]
  /** People signed a rollback: it goes live by its rollout alone, and ends there. */
  isRollback?: true
  /** Several people together sent it past simulation, canary, freezes and waiting. */
  breakGlass?: BreakGlass
  createdAt: string
  /** Every approver has signed. */
  approvedAt?: string
  /** Its turn came: lint was asked for. */
  startedAt?: string
  stages: Partial<Record<StageName, StageFacts>>
  /** What people decided, the oldest first. */
  decisions: RunDecision[]
  endedEarly?: EndedEarly
  /** The first terminal state, which nothing changes any more: what stages say later adds to the picture, not to the verdict. */
  ended?: { state: RunState; reason?: string; at: string }
}

export function newRun(run: number, policies: RunPolicy[], createdAt: string): RunFacts {
  return { run, attempt: 1, policies, createdAt, stages: {}, decisions: [] }
}
