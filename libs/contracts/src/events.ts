import type { JsonObject } from './canonical-json.js'
import type { RosterStep } from './api/rosters.js'
import type { Envelope } from './envelope.js'
import type { RunDecisionName, RunView, StageName } from './runs.js'
import type { TokenRecord } from './api/tokens.js'

/** What a rollout does with a release; bound into what its approvers sign. */
export interface RolloutPlan {
  /** Basis points of the canary scope: 500 is 5 %. */
  share: number
  /** `region:NCR`; a canary is always one region. */
  scope: string
  /** Display name of the scope, `National Capital Region`. */
  scopeName: string
  observeMs: number
  bakeMs: number
  /** Partner ids or groups; `null` means all registered. */
  partners: string[] | null
  /** Set where the roster asks for it: no evidence pauses the run with every profile. */
  requireEvidence?: true
}

/** A release as messages carry it: the envelope is the truth, the rest is read from its payload. */
export interface ReleaseDocument {
  id: string
  version: string
  policyDigest: string
  releaseDigest: string
  releaseEpoch: number
  envelope: Envelope
  /** From the moment that a stage knew it. */
  proof?: LogProof
}

/** A version of a policy that was in force or prepared before. */
export interface VersionRef {
  version: string
  digest: string
}

/** What every stage needs of a run: it travels with the events, nobody looks anything up. */
export interface RunDossier {
  run: number
  attempt: number
  /** Sorted by policy id; a bundle has several. */
  releases: ReleaseDocument[]
  /** The release in force per policy when the run started; `null` for a first version. */
  live: Record<string, ReleaseDocument | null>
  /** Per policy what its new version was signed as before, if it was: a version never means two things. */
  used: Record<string, VersionRef[]>
  plan: RolloutPlan
  /** Guard rules in force that speak of these policies; missing in what was sent before there were any. */
  guard?: ReleaseDocument[]
  /** What the stages that it went through say of these releases: in-toto test results and verification results, each by its own key. */
  attestations?: StageAttestations
}

export type StageAttestations = { lint?: Envelope; simulate?: Envelope; canary?: Envelope }

export interface LintFinding {
  file: string
  line: number
  column: number
  rule: string
  severity: 'error' | 'warning'
  message: string
  hint?: string
}

export interface ScenarioRule {
  id: string
  policies: string[]
  alert: string
}

/** A verdict that ends a stage without success. `reason` is a stable code such as `UNEXPLAINED_ALERTS`. */
export interface StageFailure {
  run: number
  attempt: number
  reason: string
  detail: string
  next?: string[]
  /** Of a stage that judged and refused: its test result or verification result. */
  attestation?: Envelope
}

/** Data of each event type. The key is `ce_type`; the topic is in `EVENT_TOPICS`. */
export interface EventData {
  'hms.approval.approved.v1': { dossier: RunDossier }
  'hms.approval.rejected.v1': RejectedApproval
  'hms.lint.passed.v1': { dossier: RunDossier; findings: LintFinding[] }
  'hms.lint.failed.v1': StageFailure & { findings: LintFinding[] }
  'hms.simulation.started.v1': { run: number; attempt: number }
  'hms.simulation.passed.v1': { dossier: RunDossier; summary: string; reportDigest: string | null; scenarios: ScenarioRule[] }
  'hms.simulation.failed.v1': StageFailure
  'hms.simulation.paused.v1': StageFailure
  /** It waits for what it may not start without. */
  'hms.canary.delayed.v1': { run: number; attempt: number; label: string; detail: string }
  'hms.canary.started.v1': { run: number; attempt: number; label: string; detail: string }
  'hms.canary.observation-started.v1': { run: number; attempt: number; detail: string; until: string }
  'hms.canary.passed.v1': { dossier: RunDossier; summary: string; label: string }
  'hms.canary.failed.v1': StageFailure & { label: string }
  'hms.canary.paused.v1': StageFailure & { label: string }
  /** Unexplained alerts after the canary passed: rollout takes the run back. */
  'hms.canary.alarmed.v1': { run: number; attempt: number; reason: string; detail: string }
  'hms.rollout.started.v1': { run: number; attempt: number; detail: string }
  'hms.rollout.promoted.v1': { run: number; attempt: number; heads: PromotedHead[] }
  'hms.rollout.bake-started.v1': { run: number; attempt: number; until: string; detail: string }
  'hms.rollout.completed.v1': { dossier: RunDossier; summary: string }
  'hms.rollout.failed.v1': StageFailure
  'hms.rollout.paused.v1': StageFailure
  'hms.rollout.reversed.v1': ReversedPolicy
  'hms.notification.started.v1': { run: number; attempt: number; partners: string[] }
  'hms.notification.completed.v1': { run: number; attempt: number; summary: string; sent: number; retrying: number }
  'hms.run.changed.v1': { view: RunView }
  /** Approver ended the run itself: every stage lets go of it. */
  'hms.run.decided.v1': { run: number; attempt: number; decision: 'abort'; reason: string; by: string }
  'hms.run.decision-accepted.v1': AcceptedDecision
  'hms.run.decision-applied.v1': DecisionAnswer
  'hms.run.decision-late.v1': DecisionAnswer
  'hms.stage.timed-out.v1': { run: number; attempt: number; stage: StageName; detail: string }
  'hms.guard.judged.v1': GuardJudged
  'hms.run.poisoned.v1': { run: number; attempt: number; group: string; reason: string; detail: string }
  /** Keyed by its version, so that compaction leaves every step of the chain. */
  'hms.roster.rotated.v1': RosterStep
  'hms.token.issued.v1': { token: TokenRecord }
  /** Whole, so that it stands alone once the topic is compacted. */
  'hms.token.revoked.v1': { token: TokenRecord }
  'hms.partner.registered.v1': { id: string; groups: string[]; name: string }
  'hms.head.issued.v1': IssuedHeads
  'hms.head.published.v1': PublishedHeads
  'hms.coverage.reported.v1': ReportedCoverage
  /** `bundle`: places (`policy@scope`) of all documents of this revision, where there are several; they take effect together. */
  'hms.state.recorded.v1': { document: ConfigDocument; bundle?: string[] }
  /** Rollout's freshness statement on all stable heads, for who reads the topic alone: a fact that ages, and no entry of the log. */
  'hms.state.vouched.v1': { freshness: Envelope }
  /**
   * `region` as its bot is known by, where it is known; `connected`: a stream of this bot was open; `ofRun`: the newest run that serves it.
   */
  'hms.alert.reported.v1': BotAlert & { receivedAt: string; connected: boolean; ofRun: number | null }
  'hms.release.logged.v1': LoggedProof
}
export type EventType = keyof EventData

/** Types that every stage uses, on its own topic. */
export const STAGE_EVENTS = [
  'hms.run.poisoned.v1',
  'hms.guard.judged.v1',
  'hms.run.decision-applied.v1',
  'hms.run.decision-late.v1',
] as const

/** The topic of every other type. */
export const EVENT_TOPICS: Record<Exclude<EventType, StageEventType>, string> = {
  'hms.approval.approved.v1': 'hms.approval.v1',
  'hms.approval.rejected.v1': 'hms.approval.v1',
  'hms.lint.passed.v1': 'hms.lint.v1',
  'hms.lint.failed.v1': 'hms.lint.v1',
  'hms.simulation.started.v1': 'hms.simulation.v1',
  'hms.simulation.passed.v1': 'hms.simulation.v1',
  'hms.simulation.failed.v1': 'hms.simulation.v1',
  'hms.simulation.paused.v1': 'hms.simulation.v1',
  'hms.canary.delayed.v1': 'hms.canary.v1',
  'hms.canary.started.v1': 'hms.canary.v1',
  'hms.canary.observation-started.v1': 'hms.canary.v1',
  'hms.canary.passed.v1': 'hms.canary.v1',
  'hms.canary.failed.v1': 'hms.canary.v1',
  'hms.canary.paused.v1': 'hms.canary.v1',
  'hms.canary.alarmed.v1': 'hms.canary.v1',
  'hms.rollout.started.v1': 'hms.rollout.v1',
  'hms.rollout.promoted.v1': 'hms.rollout.v1',
  'hms.rollout.bake-started.v1': 'hms.rollout.v1',
  'hms.rollout.completed.v1': 'hms.rollout.v1',
  'hms.rollout.failed.v1': 'hms.rollout.v1',
  'hms.rollout.paused.v1': 'hms.rollout.v1',
  'hms.rollout.reversed.v1': 'hms.rollout.v1',
  'hms.notification.started.v1': 'hms.notification.v1',
  'hms.notification.completed.v1': 'hms.notification.v1',
  'hms.run.changed.v1': 'hms.run.state.v1',
  'hms.run.decided.v1': 'hms.run.control.v1',
  'hms.run.decision-accepted.v1': 'hms.run.control.v1',
  'hms.stage.timed-out.v1': 'hms.run.control.v1',
  'hms.roster.rotated.v1': 'hms.roster.v1',
  'hms.token.issued.v1': 'hms.token.v1',
  'hms.token.revoked.v1': 'hms.token.v1',
  'hms.partner.registered.v1': 'hms.partner.v1',
  'hms.head.issued.v1': 'hms.config.head.v1',
  'hms.head.published.v1': 'hms.config.published.v1',
  'hms.coverage.reported.v1': 'hms.config.coverage.v1',
  'hms.state.recorded.v1': 'hms.config.state.v1',
  'hms.state.vouched.v1': 'hms.config.state.v1',
  'hms.alert.reported.v1': 'hms.bot.alert.v1',
  'hms.release.logged.v1': 'hms.audit.v1',
}

export type StageEventType = (typeof STAGE_EVENTS)[number]

export function isStageEvent(type: EventType): type is StageEventType {
  return (STAGE_EVENTS as readonly string[]).includes(type)
}

export const EVENT_TYPES = [...Object.keys(EVENT_TOPICS), ...STAGE_EVENTS] as EventType[]
const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES)

export function isEventType(type: string): type is EventType {
  return KNOWN_TYPES.has(type)
}

/** A person said no to an approval that waited for signatures; `statement` is what was signed. */
export interface RejectedApproval {
  run: number
  attempt: number
  /** Digest of the approval. */
  approval: string
  /** Name of the person. */
  by: string
  reason: string
  statement: Envelope
}

/** A person's decision about a run, on its way to the stage that owns the run. Exactly one stage answers, or the run ends first. */
export interface AcceptedDecision {
  run: number
  attempt: number
  /** Digest of what was signed. */
  id: string
  decision: RunDecisionName
  /** Where the run was as far as approver knew; `null` when it had not started, so that approver applied the decision itself. */
  stage: StageName | null
  /** Name of the person. */
  by: string
  reason: string
  statement: Envelope
}

export interface DecisionAnswer {
  run: number
  attempt: number
  id: string
  decision: RunDecisionName
  stage: StageName
  detail: string
}

/** What the guard said of a signature, of a stage that was about to start, or of a rollback. Names and digests, no contents of policies. */
export interface GuardJudged {
  action: 'approve' | 'advance' | 'rollback'
  /** `null` before a run has its number, and of a rollback. */
  run: number | null
  /** `null` unless a stage was about to start. */
  stage: StageName | null
  verdict: 'PASS' | 'WARN' | 'FAIL'
  /** `ID@VERSION` of the rule that decided; `null` on PASS. */
  rule: string | null
  sentence: string
  /** Release digests of the rules that were asked. */
  rules: string[]
  /** Release digests of what was judged. */
  releases: string[]
  /** Roster id of the caller. */
  principal: string
  /** The same as in-toto's verification result. */
  attestation: Envelope
}

export interface PromotedHead {
  policy: string
  seq: number
  release: string | null
  version: string | null
}

/** A stable head went back to an earlier release: a rollback by people or of a failed rollout. */
export interface ReversedPolicy {
  policy: string
  from: VersionRef
  to: ReleaseDocument | null
  seq: number
  reason: string
  /** Runs of this policy that the reversal ended, where rollout knows them. */
  run: number | null
}

/**
 * Heads as canary-controller and rollout hand them to config-store on every path: stored together, under one revision, so that no reader
 * ever sees half a bundle.
 */
export interface IssuedHeads {
  heads: SignedHead[]
}

export interface SignedHead {
  head: Envelope
  /** The release the head makes current; `null` when it names none. */
  release: Envelope | null
  /** That the release's approval is in the log; `null` where the roster names none. */
  proof?: LogProof | null
  /** The release that the head's `next` names, where it has one. */
  next?: HeldRelease | null
}

/** A release that readers hold and put in force by themselves at its time. */
export interface HeldRelease {
  release: Envelope
  proof?: LogProof | null
}

/** A release whose approval a published checkpoint covers. */
export interface LoggedProof {
  policy: string
  version: string
  /** Release digest. */
  digest: string
  proof: LogProof
}

/** Inclusion of an approval in the witnessed log. */
export interface LogProof {
  /** The entry's bytes as text. */
  entry: string
  /** C2SP tlog-proof, checkpoint and its signatures included. */
  proof: string
}

/** What became of heads of one scope that came together: a bundle is told once, not once for each of its policies. */
export interface PublishedHeads {
  /** Run that they name; `null` for heads that name none. */
  run: number | null
  heads: PublishedHead[]
}

/** config-store stored a head (or found it older than what it holds: `applied` false) and says who is connected. */
export interface PublishedHead {
  policy: string
  scope: string
  seq: number
  release: string | null
  revision: number
  applied: boolean
  audience: Audience
}

/** Bots of a scope that are connected, and how the requested share falls on them. */
export interface Audience {
  /** Connected, named bots that the scope covers. */
  connected: number
  /** Of these, below the share. */
  cohort: number
  /** Smallest bucket among `connected`, in basis points; `null` without any. */
  smallestBucket: number | null
}

/** Soft state: how far the connected bots are. Sent on change, at most four times a second, for all policies of a run together. */
export interface ReportedCoverage {
  /** Run of their newest heads. */
  ofRun: number | null
  reports: CoverageReport[]
}

/** How far the connected bots are with one policy. */
export interface CoverageReport {
  policy: string
  revision: number
  scopes: ScopeCoverage[]
}

export interface ScopeCoverage {
  scope: string
  seq: number
  release: string | null
  /** Connected, named bots that should run `release`, and how many said they do. */
  expected: number
  acknowledged: number
  /** Names of those that did not, at most `MAX_SILENT` of them. */
  silent: string[]
}

export const MAX_SILENT = 20

/** One policy in one scope as readers get it: signed head, signed release, and the store's revision. */
export interface ConfigDocument {
  id: string
  scope: string
  seq: number
  revision: number
  version: string | null
  /** Release digest, `null` when the head names no release. */
  digest: string | null
  run: number | null
  head: Envelope
  release: Envelope | null
  /** `null` where the roster names no log, or the head no release. */
  proof: LogProof | null
  /** What the head's `next` names: held, and in force from its time on. */
  next?: HeldRelease
}

export interface BotAlert {
  id: string
  bot: string
  region: string
  kind: string
  reading: JsonObject | null
  value: number | string | null
  policy?: string
  version?: string
}
