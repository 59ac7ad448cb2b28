import type { ClosedLetter } from './api/dead-letters.js'
import type { DeliveryFacts, ReceiptWay } from './api/deliveries.js'
import type { PredictedLoad } from './api/simulation-impact.js'
import type { RosterStep } from './api/rosters.js'
import type { TokenRecord } from './api/tokens.js'
import { eventWords } from './audit-words.js'
import type { BotAlert, ReportedCoverage, CoverageReport } from './bots.js'
import type { CanaryFigures, PassedStep } from './canary-figures.js'
import type { Change } from './change.js'
import type { Reach } from './clock.js'
import type { RunDossier } from './dossier.js'
import type { Envelope } from './envelope.js'
import type { FreezeRecord } from './freezes.js'
import type { ConfigDocument, PromotedHead, PublishedHeads, ReversedPolicy, WithdrawnPolicy } from './heads.js'
import type { IssuedHeads } from './issued-heads.js'
import type { LoggedApproval } from './log-proof.js'
import type { AcceptedDecision, DecisionAnswer, GuardJudged, RejectedApproval } from './run-decisions.js'
import type { LintFinding, ScenarioRule, StageFailure } from './run-dossier.js'
import { listed } from './printable.js'
import type { RunView, StageName } from './runs.js'
import type { Ticket } from './tickets.js'

/** Joins the facts that are present: `INCONCLUSIVE, 9 of 10 bots acknowledged`. */
function facts(...parts: (string | number | null | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== null && part !== '' && part !== 0).join(', ')
}

function count(amount: number, noun: string): string {
  return `${amount} ${amount === 1 ? noun : noun.replace(/y$/, 'ie').concat('s')}`
}

function named(policy: string, version: string | null | undefined): string {
  return version == null ? policy : `${policy}@${version}`
}

/** Returns a reason if it is a stable code; a reason in a person's words is left out. */
function codeIn(reason: string): string {
  return /^[A-Z][A-Z0-9_]{1,47}$/.test(reason) ? reason : '' // guard: summary-code
}

/** Returns `10 of 10 bots acknowledged` of a stage's summary. The rest is left out, because it may name people. */
function acknowledgedIn(summary: string | undefined): string {
  return /\b\d+ of \d+ bots? acknowledged\b/.exec(summary ?? '')?.[0] ?? ''
}

function reached(reach: Reach | undefined): string {
  return reach === undefined ? '' : `${reach.current} of ${count(reach.bots, 'bot')}`
}

function coverageFacts({ policy, scopes }: CoverageReport): string[] {
  return scopes.map(({ scope, acknowledged, expected }) => `${policy}@${scope} ${acknowledged} of ${expected}`)
}

function deliveryFacts({ policy, version, policies, channel }: DeliveryFacts): string {
  return facts(listed(policies?.map((each) => named(each.policy, each.version)) ?? [named(policy, version)]), channel)
}

function ticketFacts({ ticket: { ticket, kind } }: { ticket: Ticket }): string {
  return `ticket ${ticket}, ${kind}`
}

export type WaitReason = 'FREEZE' | 'REGION_BUSY' | 'EFFECTIVE_AT'

/** Data of each event type. The key is `ce_type`; the topic is in `EVENT_TOPICS`. */
export interface EventData {
  'hms.approval.approved.v1': { dossier: RunDossier }
  'hms.approval.rejected.v1': RejectedApproval
  'hms.lint.passed.v1': { dossier: RunDossier; findings: LintFinding[] }
  'hms.lint.failed.v1': StageFailure & { findings: LintFinding[] }
  'hms.simulation.started.v1': { run: number; attempt: number }
  /** `load`: alerts predicted by the replay; absent in events of earlier builds, and without anything to replay. */
  'hms.simulation.passed.v1': {
    dossier: RunDossier
    summary: string
    reportDigest: string | null
    scenarios: ScenarioRule[]
    load?: PredictedLoad
  }
  'hms.simulation.failed.v1': StageFailure
  'hms.simulation.paused.v1': StageFailure
  /** The canary waits. `reason`: set if a declared freeze blocks it. `behind`: run whose canary occupies the region that it waits for. */
  'hms.canary.delayed.v1': { run: number; attempt: number; label: string; detail: string; reason?: 'FREEZE'; behind?: number }
  /** `step`: number of the step in a ramp, from 1; missing without a ramp. */
  'hms.canary.started.v1': { run: number; attempt: number; label: string; detail: string; step?: number }
  'hms.canary.observation-started.v1': { run: number; attempt: number; detail: string; until: string }
  /** A step of a ramp has passed, and the next one follows. `steps`: all passed steps so far. */
  'hms.canary.step-passed.v1': { run: number; attempt: number; label: string; detail: string; steps: PassedStep[] }
  /** `steps`: set for a ramp. */
  'hms.canary.passed.v1': { dossier: RunDossier; summary: string; label: string; figures?: CanaryFigures; steps?: PassedStep[] }
  'hms.canary.failed.v1': StageFailure & { label: string; figures?: CanaryFigures }
  'hms.canary.paused.v1': StageFailure & { label: string; figures?: CanaryFigures }
  /** Unexplained alerts after the canary passed; rollout rolls the run back. */
  'hms.canary.alarmed.v1': { run: number; attempt: number; reason: string; detail: string }
  /** `dossier`: set if the canary of the run passed; absent in events of earlier builds. */
  'hms.rollout.delayed.v1': { run: number; attempt: number; detail: string; reason: 'FREEZE'; dossier?: RunDossier }
  'hms.rollout.started.v1': { run: number; attempt: number; detail: string; dossier?: RunDossier }
  /** `change`: who approved the releases and why, internal; absent in events of earlier builds. */
  'hms.rollout.promoted.v1': { run: number; attempt: number; heads: PromotedHead[]; change?: Change }
  /** Readers have received the releases before their effective times. The last takes effect at `until`, by the readers' own clocks. */
  'hms.rollout.held.v1': { dossier: RunDossier; until: string; detail: string; reach?: Reach }
  'hms.rollout.took-effect.v1': { run: number; attempt: number; detail: string }
  /** `reach`: bots that have the releases so far; absent in events of earlier builds. */
  'hms.rollout.bake-started.v1': { run: number; attempt: number; until: string; detail: string; reach?: Reach }
  /** `storedAt`: when config-store stored the heads; absent in events of earlier builds. */
  'hms.rollout.completed.v1': { dossier: RunDossier; summary: string; reach?: Reach; storedAt?: string }
  'hms.rollout.failed.v1': StageFailure
  'hms.rollout.paused.v1': StageFailure
  'hms.rollout.reversed.v1': ReversedPolicy
  'hms.rollout.withdrawn.v1': WithdrawnPolicy
  'hms.notification.started.v1': { run: number; attempt: number; partners: string[] }
  'hms.notification.completed.v1': { run: number; attempt: number; summary: string; sent: number; retrying: number }
  /**
   * A partner was notified or acknowledged after the notify stage ended, or before it began if the release takes effect later.
   * `sent` and `acknowledged` count partners so far. `partners`: number of partners to notify before the effective time.
   */
  'hms.notification.progressed.v1': { run: number; attempt: number; sent: number; acknowledged: number; partners?: number }
  /** No channel of a partner accepted a message, so a ticket is opened. `policies` as `ID@VERSION`; `detail` describes the last attempt. */
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
  /** Approver applied the abort itself and ended the run; stages that still process the run discard it. */
  'hms.run.decided.v1': { run: number; attempt: number; decision: 'abort'; reason: string; by: string }
  'hms.run.decision-accepted.v1': AcceptedDecision
  'hms.run.decision-applied.v1': DecisionAnswer
  'hms.run.decision-late.v1': DecisionAnswer
  'hms.stage.timed-out.v1': { run: number; attempt: number; stage: StageName; detail: string }
  'hms.guard.judged.v1': GuardJudged
  /** All three contain the whole ticket, so a reader needs only the newest. */
  'hms.ticket.opened.v1': { ticket: Ticket }
  'hms.ticket.escalated.v1': { ticket: Ticket }
  'hms.ticket.closed.v1': { ticket: Ticket }
  'hms.run.poisoned.v1': { run: number; attempt: number; group: string; reason: string; detail: string }
  /** Keyed by version, so that compaction keeps every step of the chain. */
  'hms.roster.rotated.v1': RosterStep
  'hms.token.issued.v1': { token: TokenRecord }
  /** Contains the whole token, because the topic is compacted. */
  'hms.token.revoked.v1': { token: TokenRecord }
  /** Both contain the whole freeze, because the topic is compacted. */
  'hms.freeze.declared.v1': { freeze: FreezeRecord }
  'hms.freeze.lifted.v1': { freeze: FreezeRecord }
  'hms.partner.registered.v1': { id: string; groups: string[]; name: string }
  /** The owner of an address unsubscribed; or the agency resubscribed it. */
  'hms.partner.unsubscribed.v1': { partner: string; address: string; at: string }
  'hms.partner.resubscribed.v1': { partner: string; address: string; by: string; reason: string; at: string }
  /** The partner's server accepted the message; `status` and the members after it are evidence of the last attempt. */
  'hms.delivery.delivered.v1': DeliveryFacts & {
    tries: number
    status: number | null
    address: string | null
    tlsFingerprint: string | null
    keyId: string | null
  }
  /** The partner acknowledged the message, which a 2xx does not imply. `keyId`: id of the secret that signed the callback. */
  'hms.delivery.acknowledged.v1': DeliveryFacts & { way: ReceiptWay; keyId: string | null }
  'hms.delivery.given-up.v1': DeliveryFacts & { tries: number; detail: string | null }
  /** A person requested redelivery under the same message id. */
  'hms.delivery.redriven.v1': DeliveryFacts & { by: string; reason: string }
  /** `letter`: `SERVICE/ID`. */
  'hms.dead-letter.closed.v1': ClosedLetter & { letter: string; state: 'replayed' | 'discarded' }
  'hms.head.issued.v1': IssuedHeads
  'hms.head.published.v1': PublishedHeads
  'hms.coverage.reported.v1': ReportedCoverage
  /** `bundle`: if several documents take effect together, first 4 bytes of the SHA-256 of each `policy@scope`, concatenated, in base64. */
  'hms.state.recorded.v1': { document: ConfigDocument; bundle?: string }
  /** Rollout's freshness statement on all stable heads, for readers that read only the topic. The audit log omits it: it expires. */
  'hms.state.vouched.v1': { freshness: Envelope }
  /**
   * `region`: region of the key or of the open stream, empty if neither names one. `connected`: whether the bot had an open stream.
   * `ofRun`: newest run with a release in force for the bot. `applied`: for each of the newest runs, the digest of one release that the
   * bot's open stream acknowledged. `reporter`: id of the submitting key or signer. In profile dev, for an alert
   * without a key, `reporter` is missing or `AT_WRITE_LIMIT`.
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

/** Reporter of an alert without a key from an address at its write limit. All such alerts count as one bot, whichever bots they name. */
export const AT_WRITE_LIMIT = 'addresses at their write limit'

/** Declaration of an event type: its topic (`null`: the topic of the publishing stage), and the facts in its header `hms-summary`. */
type Declaration<T extends EventType> = readonly [topic: string | null, facts: (data: EventData[T]) => string]

const nothing = (): string => ''

/**
 * Every event type. Facts are counts, codes, ids and times, never a text that a person wrote: they are in a header, outside the signature,
 * where anybody who may list the topic reads them.
 */
export const EVENTS: { readonly [T in EventType]: Declaration<T> } = {
  'hms.approval.approved.v1': ['hms.approval.v1', ({ dossier }) => count(dossier.releases[0]?.signatures.length ?? 0, 'signature')],
  'hms.approval.rejected.v1': ['hms.approval.v1', nothing],
  'hms.lint.passed.v1': ['hms.lint.v1', ({ findings }) => count(findings.length, 'finding')],
  'hms.lint.failed.v1': ['hms.lint.v1', ({ reason, findings }) => facts(codeIn(reason), count(findings.length, 'finding'))],
  'hms.simulation.started.v1': ['hms.simulation.v1', nothing],
  'hms.simulation.passed.v1': ['hms.simulation.v1', ({ scenarios }) => count(scenarios.length, 'scenario')],
  'hms.simulation.failed.v1': ['hms.simulation.v1', ({ reason }) => codeIn(reason)],
  'hms.simulation.paused.v1': ['hms.simulation.v1', ({ reason }) => codeIn(reason)],
  'hms.canary.delayed.v1': ['hms.canary.v1', ({ reason, behind }) => facts(reason, behind && `behind run ${behind}`)],
  'hms.canary.started.v1': ['hms.canary.v1', ({ step }) => facts(step && `step ${step}`)],
  'hms.canary.observation-started.v1': ['hms.canary.v1', ({ until }) => `until ${until}`],
  'hms.canary.step-passed.v1': ['hms.canary.v1', ({ steps }) => facts(`step ${steps.length}`, acknowledgedIn(steps.at(-1)?.summary))],
  'hms.canary.passed.v1': ['hms.canary.v1', ({ summary }) => acknowledgedIn(summary)],
  'hms.canary.failed.v1': ['hms.canary.v1', ({ reason, detail }) => facts(codeIn(reason), acknowledgedIn(detail))],
  'hms.canary.paused.v1': ['hms.canary.v1', ({ reason, detail }) => facts(codeIn(reason), acknowledgedIn(detail))],
  'hms.canary.alarmed.v1': ['hms.canary.v1', ({ reason }) => codeIn(reason)],
  'hms.rollout.delayed.v1': ['hms.rollout.v1', ({ reason }) => reason],
  'hms.rollout.started.v1': ['hms.rollout.v1', nothing],
  'hms.rollout.promoted.v1': ['hms.rollout.v1', ({ heads }) => listed(heads.map(({ policy, version }) => named(policy, version)))],
  'hms.rollout.held.v1': ['hms.rollout.v1', ({ until, reach }) => facts(`until ${until}`, reached(reach))],
  'hms.rollout.took-effect.v1': ['hms.rollout.v1', nothing],
  'hms.rollout.bake-started.v1': ['hms.rollout.v1', ({ until, reach }) => facts(`until ${until}`, reached(reach))],
  'hms.rollout.completed.v1': ['hms.rollout.v1', ({ summary, reach }) => acknowledgedIn(summary) || reached(reach)],
  'hms.rollout.failed.v1': ['hms.rollout.v1', ({ reason, detail }) => facts(codeIn(reason), acknowledgedIn(detail))],
  'hms.rollout.paused.v1': ['hms.rollout.v1', ({ reason, detail }) => facts(codeIn(reason), acknowledgedIn(detail))],
  'hms.rollout.reversed.v1': ['hms.rollout.v1', ({ from, to }) => `${from.version} to ${to?.version ?? 'no version'}`],
  'hms.rollout.withdrawn.v1': ['hms.rollout.v1', ({ from }) => from.version],
  'hms.notification.started.v1': ['hms.notification.v1', ({ partners }) => count(partners.length, 'partner')],
  'hms.notification.completed.v1': ['hms.notification.v1', ({ sent, retrying }) => `${sent} sent, ${retrying} retrying`],
  'hms.notification.progressed.v1': ['hms.notification.v1', ({ sent, acknowledged }) => `${sent} sent, ${acknowledged} acknowledged`],
  'hms.notification.undelivered.v1': ['hms.notification.v1', ({ partner, tries }) => `partner ${partner} after ${count(tries, 'try')}`],
  'hms.run.changed.v1': ['hms.run.state.v1', ({ view }) => view.state],
  'hms.run.decided.v1': ['hms.run.control.v1', ({ decision }) => decision],
  'hms.run.decision-accepted.v1': ['hms.run.control.v1', ({ decision }) => decision],
  'hms.stage.timed-out.v1': ['hms.run.control.v1', ({ stage }) => stage],
  'hms.roster.rotated.v1': ['hms.roster.v1', ({ version }) => `version ${version}`],
  'hms.token.issued.v1': ['hms.token.v1', ({ token }) => `until ${token.expiresAt}`],
  'hms.token.revoked.v1': ['hms.token.v1', nothing],
  'hms.ticket.opened.v1': ['hms.ticket.v1', ticketFacts],
  'hms.ticket.escalated.v1': ['hms.ticket.v1', ticketFacts],
  'hms.ticket.closed.v1': ['hms.ticket.v1', ({ ticket }) => facts(ticketFacts({ ticket }), ticket.state)],
  'hms.freeze.declared.v1': ['hms.freeze.v1', ({ freeze }) => facts(freeze.scope, freeze.until && `until ${freeze.until}`)],
  'hms.freeze.lifted.v1': ['hms.freeze.v1', ({ freeze }) => freeze.scope],
  'hms.partner.registered.v1': ['hms.partner.v1', nothing],
  'hms.partner.unsubscribed.v1': ['hms.receipt.v1', nothing],
  'hms.partner.resubscribed.v1': ['hms.receipt.v1', nothing],
  'hms.delivery.delivered.v1': ['hms.receipt.v1', (data) => facts(deliveryFacts(data), `after ${count(data.tries, 'try')}`)],
  'hms.delivery.acknowledged.v1': ['hms.receipt.v1', (data) => facts(deliveryFacts(data), `by ${data.way}`)],
  'hms.delivery.given-up.v1': ['hms.receipt.v1', (data) => facts(deliveryFacts(data), `after ${count(data.tries, 'try')}`)],
  'hms.delivery.redriven.v1': ['hms.receipt.v1', deliveryFacts],
  'hms.dead-letter.closed.v1': ['hms.letter.v1', ({ state }) => state],
  'hms.head.issued.v1': ['hms.config.head.v1', ({ heads }) => count(heads.length, 'head')],
  'hms.head.published.v1': [
    'hms.config.published.v1',
    ({ heads }) => listed(heads.map(({ policy, scope, seq }) => `${policy}@${scope} ${seq}`)),
  ],
  'hms.coverage.reported.v1': ['hms.config.coverage.v1', ({ reports }) => listed(reports.flatMap(coverageFacts))],
  'hms.state.recorded.v1': [
    'hms.config.state.v1',
    ({ document: { version, revision } }) => `${version ?? 'no version'}, revision ${revision}`,
  ],
  'hms.state.vouched.v1': ['hms.config.state.v1', nothing],
  'hms.alert.reported.v1': ['hms.bot.alert.v1', ({ policy, version }) => (policy === undefined ? '' : named(policy, version))],
  'hms.release.logged.v1': ['hms.audit.v1', ({ releases }) => listed(releases.map(({ policy, version }) => named(policy, version)))],
  'hms.run.poisoned.v1': [null, ({ group, reason }) => facts(group, codeIn(reason))],
  'hms.guard.judged.v1': [null, ({ action, verdict, rule }) => facts(`${action} ${verdict}`, rule)],
  'hms.run.decision-applied.v1': [null, ({ decision, stage }) => `${decision} in ${stage}`],
  'hms.run.decision-late.v1': [null, ({ decision, stage }) => `${decision} in ${stage}`],
}

export const EVENT_TYPES = Object.keys(EVENTS) as EventType[]

/** Event types that every stage publishes, each on its own topic. */
export const STAGE_EVENTS = [
  'hms.run.poisoned.v1',
  'hms.guard.judged.v1',
  'hms.run.decision-applied.v1',
  'hms.run.decision-late.v1',
] as const

/** Topic of each event type that is not in `STAGE_EVENTS`. */
export const EVENT_TOPICS = Object.fromEntries(
  EVENT_TYPES.filter((type) => !isStageEvent(type)).map((type) => [type, EVENTS[type][0]]),
) as Record<Exclude<EventType, StageEventType>, string>

export type StageEventType = (typeof STAGE_EVENTS)[number]

export function isStageEvent(type: EventType): type is StageEventType {
  return (STAGE_EVENTS as readonly string[]).includes(type)
}

const KNOWN_TYPES: ReadonlySet<string> = new Set(EVENT_TYPES)

export function isEventType(type: string): type is EventType {
  return KNOWN_TYPES.has(type)
}

/** Header in which a record reports in words what happened; not signed. */
export const SUMMARY_HEADER = 'hms-summary'
const MAX_SUMMARY = 200

/** Returns the header `hms-summary`: `run 184 pm25@2.0.0: canary passed`. Printable ASCII, at most 200 characters. */
export function summaryOf<T extends EventType>(type: T, data: EventData[T], { run, key }: { run?: number | string; key: string }): string {
  const { dossier, view, ticket } = data as Partial<Record<'dossier', RunDossier> & Record<'view', RunView> & Record<'ticket', Ticket>>
  const policies = dossier?.releases ?? view?.policies ?? ticket?.policies
  const names = policies?.map(({ id, version }) => named(id, version)) ?? [key]
  const ofRun = run ?? view?.run ?? ticket?.run ?? (data as { run?: number | null }).run
  const about = [...(ofRun ? [`run ${ofRun}`] : []), listed(names)].join(' ')
  return asSummary(`${about}: ${facts(eventWords(type), EVENTS[type][1](data))}`)
}

/** Returns a text as a summary: other characters become `?`, because ids of bots and partners may have any. */
export function asSummary(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_SUMMARY)
}
