import type { DeliveryFacts, ReceiptWay } from './api/deliveries.js'
import type { PredictedLoad } from './api/simulation-impact.js'
import type { RosterStep } from './api/rosters.js'
import type { TokenRecord } from './api/tokens.js'
import type { BotAlert, ReportedCoverage } from './bots.js'
import type { CanaryFigures, PassedStep } from './canary-figures.js'
import type { Reach } from './clock.js'
import type { RunDossier } from './dossier.js'
import type { Envelope } from './envelope.js'
import type { FreezeRecord } from './freezes.js'
import type { ConfigDocument, PromotedHead, PublishedHeads, ReversedPolicy, WithdrawnPolicy } from './heads.js'
import type { IssuedHeads } from './issued-heads.js'
import type { LoggedApproval } from './log-proof.js'
import type { AcceptedDecision, DecisionAnswer, GuardJudged, RejectedApproval } from './run-decisions.js'
import type { LintFinding, ScenarioRule, StageFailure } from './run-dossier.js'
import type { RunView, StageName } from './runs.js'
import type { Ticket } from './tickets.js'

/** What a run in state WAITING waits for. */
export type WaitReason = 'FREEZE' | 'REGION_BUSY' | 'EFFECTIVE_AT'

/** Data of each event type. The key is `ce_type`; the topic is in `EVENT_TOPICS`. */
export interface EventData {
  'hms.approval.approved.v1': { dossier: RunDossier }
  'hms.approval.rejected.v1': RejectedApproval
  'hms.lint.passed.v1': { dossier: RunDossier; findings: LintFinding[] }
  'hms.lint.failed.v1': StageFailure & { findings: LintFinding[] }
  'hms.simulation.started.v1': { run: number; attempt: number }
  /** `load`: alerts that the replay predicts; what earlier builds said has none, and neither has a run with nothing to replay. */
  'hms.simulation.passed.v1': {
    dossier: RunDossier
    summary: string
    reportDigest: string | null
    scenarios: ScenarioRule[]
    load?: PredictedLoad
  }
  'hms.simulation.failed.v1': StageFailure
  'hms.simulation.paused.v1': StageFailure
  /**
   * It waits for what it may not go on without. `reason`: where it waits for something that people decided. `behind`: the run whose canary
   * has its region.
   */
  'hms.canary.delayed.v1': { run: number; attempt: number; label: string; detail: string; reason?: 'FREEZE'; behind?: number }
  /** `step`: of several, from 1. */
  'hms.canary.started.v1': { run: number; attempt: number; label: string; detail: string; step?: number }
  'hms.canary.observation-started.v1': { run: number; attempt: number; detail: string; until: string }
  /** A step of several has passed, and the next follows. `steps`: all that were passed so far. */
  'hms.canary.step-passed.v1': { run: number; attempt: number; label: string; detail: string; steps: PassedStep[] }
  /** `steps`: where it had several. */
  'hms.canary.passed.v1': { dossier: RunDossier; summary: string; label: string; figures?: CanaryFigures; steps?: PassedStep[] }
  'hms.canary.failed.v1': StageFailure & { label: string; figures?: CanaryFigures }
  'hms.canary.paused.v1': StageFailure & { label: string; figures?: CanaryFigures }
  /** Unexplained alerts after the canary passed: rollout takes the run back. */
  'hms.canary.alarmed.v1': { run: number; attempt: number; reason: string; detail: string }
  'hms.rollout.delayed.v1': { run: number; attempt: number; detail: string; reason: 'FREEZE' }
  'hms.rollout.started.v1': { run: number; attempt: number; detail: string }
  'hms.rollout.promoted.v1': { run: number; attempt: number; heads: PromotedHead[] }
  /** All readers hold the releases; the last of them takes effect at `until`, by the readers' own clocks. */
  'hms.rollout.held.v1': { dossier: RunDossier; until: string; detail: string; reach?: Reach }
  'hms.rollout.took-effect.v1': { run: number; attempt: number; detail: string }
  /** `reach`: how many had it so far; what earlier builds said has none. */
  'hms.rollout.bake-started.v1': { run: number; attempt: number; until: string; detail: string; reach?: Reach }
  'hms.rollout.completed.v1': { dossier: RunDossier; summary: string; reach?: Reach }
  'hms.rollout.failed.v1': StageFailure
  'hms.rollout.paused.v1': StageFailure
  'hms.rollout.reversed.v1': ReversedPolicy
  'hms.rollout.withdrawn.v1': WithdrawnPolicy
  'hms.notification.started.v1': { run: number; attempt: number; partners: string[] }
  'hms.notification.completed.v1': { run: number; attempt: number; summary: string; sent: number; retrying: number }
  /**
   * After the stage ended, or before it began where partners were notified ahead: a partner was notified, or acknowledged. Both count
   * partners, as `sent` does. `partners`: how many there are, of those who are notified ahead.
   */
  'hms.notification.progressed.v1': { run: number; attempt: number; sent: number; acknowledged: number; partners?: number }
  /** No channel of a partner took a message: people are asked. `policies` as `ID@VERSION`; `detail`: of the last try. */
  'hms.notification.undelivered.v1': {
    run: number
    partner: string
    channel: string
    message: string
    policies: string[]
    tries: number
    detail: string | null
  }
  'hms.run.changed.v1': { view: RunView }
  /** Approver ended the run itself: every stage lets go of it. */
  'hms.run.decided.v1': { run: number; attempt: number; decision: 'abort'; reason: string; by: string }
  'hms.run.decision-accepted.v1': AcceptedDecision
  'hms.run.decision-applied.v1': DecisionAnswer
  'hms.run.decision-late.v1': DecisionAnswer
  'hms.stage.timed-out.v1': { run: number; attempt: number; stage: StageName; detail: string }
  'hms.guard.judged.v1': GuardJudged
  /** All three whole: who reads one needs no other. */
  'hms.ticket.opened.v1': { ticket: Ticket }
  'hms.ticket.escalated.v1': { ticket: Ticket }
  'hms.ticket.closed.v1': { ticket: Ticket }
  'hms.run.poisoned.v1': { run: number; attempt: number; group: string; reason: string; detail: string }
  /** Keyed by its version, so that compaction leaves every step of the chain. */
  'hms.roster.rotated.v1': RosterStep
  'hms.token.issued.v1': { token: TokenRecord }
  /** Whole, so that it stands alone once the topic is compacted. */
  'hms.token.revoked.v1': { token: TokenRecord }
  /** Both whole, so that each stands alone once the topic is compacted. */
  'hms.freeze.declared.v1': { freeze: FreezeRecord }
  'hms.freeze.lifted.v1': { freeze: FreezeRecord }
  'hms.partner.registered.v1': { id: string; groups: string[]; name: string }
  /** An address takes no more mail by its own wish; the agency undid it. */
  'hms.partner.unsubscribed.v1': { partner: string; address: string; at: string }
  'hms.partner.resubscribed.v1': { partner: string; address: string; by: string; reason: string; at: string }
  /** The partner's side took the message; `status` and what follows are the evidence of the last try. */
  'hms.delivery.delivered.v1': DeliveryFacts & {
    tries: number
    status: number | null
    address: string | null
    tlsFingerprint: string | null
    keyId: string | null
  }
  /** The partner says that it took the message up, which a 2xx does not say. `keyId`: of the secret that signed the callback. */
  'hms.delivery.acknowledged.v1': DeliveryFacts & { way: ReceiptWay; keyId: string | null }
  'hms.delivery.given-up.v1': DeliveryFacts & { tries: number; detail: string | null }
  /** A person had it sent again, under the same message id. */
  'hms.delivery.redriven.v1': DeliveryFacts & { by: string; reason: string }
  'hms.head.issued.v1': IssuedHeads
  'hms.head.published.v1': PublishedHeads
  'hms.coverage.reported.v1': ReportedCoverage
  /**
   * `bundle`: where this revision has several documents, which take effect together: of the place (`policy@scope`) of each the first four
   * bytes of its SHA-256, one after the other in base64.
   */
  'hms.state.recorded.v1': { document: ConfigDocument; bundle?: string }
  /** Rollout's freshness statement on all stable heads, for who reads the topic alone: a fact that ages, and no entry of the log. */
  'hms.state.vouched.v1': { freshness: Envelope }
  /**
   * `region` of the key or the open stream, empty where neither names one; `connected`: a stream of this bot was open; `ofRun`: the newest
   * run that serves it; `applied`: release digests in force for it that its open stream acknowledged, one for each of the newest runs;
   * `reporter`: id of the key or signer it came under, missing where profile dev asks for none.
   */
  'hms.alert.reported.v1': BotAlert & {
    receivedAt: string
    connected: boolean
    ofRun: number | null
    applied?: string[]
    reporter?: string
  }
  'hms.release.logged.v1': LoggedApproval
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
  'hms.canary.step-passed.v1': 'hms.canary.v1',
  'hms.canary.passed.v1': 'hms.canary.v1',
  'hms.canary.failed.v1': 'hms.canary.v1',
  'hms.canary.paused.v1': 'hms.canary.v1',
  'hms.canary.alarmed.v1': 'hms.canary.v1',
  'hms.rollout.delayed.v1': 'hms.rollout.v1',
  'hms.rollout.started.v1': 'hms.rollout.v1',
  'hms.rollout.promoted.v1': 'hms.rollout.v1',
  'hms.rollout.held.v1': 'hms.rollout.v1',
  'hms.rollout.took-effect.v1': 'hms.rollout.v1',
  'hms.rollout.bake-started.v1': 'hms.rollout.v1',
  'hms.rollout.completed.v1': 'hms.rollout.v1',
  'hms.rollout.failed.v1': 'hms.rollout.v1',
  'hms.rollout.paused.v1': 'hms.rollout.v1',
  'hms.rollout.reversed.v1': 'hms.rollout.v1',
  'hms.rollout.withdrawn.v1': 'hms.rollout.v1',
  'hms.notification.started.v1': 'hms.notification.v1',
  'hms.notification.completed.v1': 'hms.notification.v1',
  'hms.notification.progressed.v1': 'hms.notification.v1',
  'hms.notification.undelivered.v1': 'hms.notification.v1',
  'hms.run.changed.v1': 'hms.run.state.v1',
  'hms.run.decided.v1': 'hms.run.control.v1',
  'hms.run.decision-accepted.v1': 'hms.run.control.v1',
  'hms.stage.timed-out.v1': 'hms.run.control.v1',
  'hms.roster.rotated.v1': 'hms.roster.v1',
  'hms.token.issued.v1': 'hms.token.v1',
  'hms.token.revoked.v1': 'hms.token.v1',
  'hms.ticket.opened.v1': 'hms.ticket.v1',
  'hms.ticket.escalated.v1': 'hms.ticket.v1',
  'hms.ticket.closed.v1': 'hms.ticket.v1',
  'hms.freeze.declared.v1': 'hms.freeze.v1',
  'hms.freeze.lifted.v1': 'hms.freeze.v1',
  'hms.partner.registered.v1': 'hms.partner.v1',
  'hms.partner.unsubscribed.v1': 'hms.receipt.v1',
  'hms.partner.resubscribed.v1': 'hms.receipt.v1',
  'hms.delivery.delivered.v1': 'hms.receipt.v1',
  'hms.delivery.acknowledged.v1': 'hms.receipt.v1',
  'hms.delivery.given-up.v1': 'hms.receipt.v1',
  'hms.delivery.redriven.v1': 'hms.receipt.v1',
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
