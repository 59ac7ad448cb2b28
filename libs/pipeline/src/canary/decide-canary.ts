import type { PublishedHead, CoverageReport, RunDecisionName } from '#libs/contracts'
import { ACK_TIMEOUT, describeSilence, isSilent } from '../silence.js'
import {
  countsAlerts,
  isLive,
  MAX_ALERTS_OF_BOT,
  MAX_COUNTED,
  UNEXPLAINED_LIMIT,
  type Canary,
  type CanaryMember,
  type UnexplainedAlert,
} from './canary.js'

/**
 * What the shell must do after a step. `widen`: issue the heads of these members again, with a share that takes in one bot. `alarm`: the canary is
 * over, and its rollout has to take the run back.
 */
export type CanaryStep =
  | { do: 'nothing' }
  | { do: 'widen'; members: CanaryMember[] }
  /** Wait for acknowledgements, for so long. */
  | { do: 'await' }
  | { do: 'observe' }
  | { do: 'judge' }
  | { do: 'pause'; reason: typeof ACK_TIMEOUT; detail: string }
  | { do: 'fail'; reason: 'UNEXPLAINED_ALERTS'; detail: string }
  | { do: 'alarm'; reason: 'UNEXPLAINED_ALERTS'; detail: string }

export type CanaryDecision = { canary: Canary; step: CanaryStep }

/** config-store stored heads of the canary, as a rule all of them at once, and says who is there. */
export function onPublished(canary: Canary, heads: readonly PublishedHead[], at: string): CanaryDecision {
  const audiences = new Map(heads.filter(({ scope }) => scope === canary.scope).map((head) => [head.policy, head]))
  const isNews = ({ policy, seq }: CanaryMember): boolean => audiences.get(policy)?.seq === seq
  if (canary.state !== 'publishing' || !canary.members.some(isNews)) return nothing(canary)
  const narrow: CanaryMember[] = []
  const members = canary.members.map((member) => {
    if (!isNews(member)) return member
    const { connected, cohort, smallestBucket } = audiences.get(member.policy)!.audience
    const stored = { ...member, published: true, connected, expected: cohort }
    if (connected > 0 && cohort === 0 && smallestBucket !== null) narrow.push({ ...stored, published: false, share: smallestBucket + 1 })
    return stored
  })
  const open = { ...canary, members, publishedAt: canary.publishedAt ?? at }
  if (narrow.length > 0) return { canary: withMembers(open, narrow), step: { do: 'widen', members: narrow } }
  const decision = observeWhenReady(open)
  // The time for acknowledgements begins when all heads are there for the cohort to see.
  return decision.step.do === 'nothing' && isPublished(open) && !isPublished(canary) ? { canary: open, step: { do: 'await' } } : decision
}

/** The numbers of who runs what changed. */
export function onCoverage(canary: Canary, reports: readonly CoverageReport[]): CanaryDecision {
  if (!isLive(canary)) return nothing(canary)
  const scopes = new Map(reports.map(({ policy, scopes }) => [policy, scopes.find(({ scope }) => scope === canary.scope)]))
  const members = canary.members.map((member) => {
    const mine = scopes.get(member.policy)
    if (mine?.seq !== member.seq) return member
    const { expected, acknowledged, silent } = mine
    const [heard, connected] = [member.heard || acknowledged > 0, Math.max(member.connected, expected)]
    return { ...member, expected, acknowledged, silent, heard, connected }
  })
  const counted = { ...canary, members }
  if (counted.state === 'publishing') return observeWhenReady(counted)
  if (counted.state === 'observing' && counted.observed && !isSilent(counted.members)) return { canary: counted, step: { do: 'judge' } }
  return nothing(counted)
}

/** Time for acknowledgements is over. A cohort that is connected and silent proves nothing; one that left meanwhile is no longer waited for. */
export function onAcknowledgementsOverdue(canary: Canary): CanaryDecision {
  const isWaiting = canary.state === 'publishing' || (canary.state === 'observing' && canary.observed)
  if (!isWaiting) return nothing(canary)
  if (isSilent(canary.members)) return { canary, step: { do: 'pause', reason: ACK_TIMEOUT, detail: describeSilence(canary.members) } }
  return { canary, step: canary.state === 'publishing' ? { do: 'observe' } : { do: 'judge' } }
}

/** The observation is over. Bots that joined during it have their time to acknowledge, too. */
export function onObserved(canary: Canary): CanaryDecision {
  if (canary.state !== 'observing' || canary.observed) return nothing(canary)
  const observed = { ...canary, observed: true }
  return { canary: observed, step: isSilent(observed.members) ? { do: 'await' } : { do: 'judge' } }
}

/** Who answers a person's decision: this canary (`applied` or `late`), or a later stage that owns the run by now. */
export type CanaryAnswer = 'applied' | 'late' | 'elsewhere'

/** `addressed`: approver took this stage for the owner. An abort follows the run to the stage that owns it; the others count here or nowhere. */
export function answerOnCanary(canary: Canary, decision: RunDecisionName, addressed: boolean): CanaryAnswer {
  if (decision === 'abort') return isLive(canary) || canary.state === 'proving' ? 'applied' : 'elsewhere'
  if (!addressed) return 'elsewhere'
  return canary.state === 'paused' ? 'applied' : 'late'
}

/** A resumed canary starts again from its publication: heads that are stored anew say who is there now. Alerts go on counting. */
export function resumeCanary(canary: Canary): Canary {
  const members = canary.members.map((member) => ({ ...member, published: false, acknowledged: 0, silent: [] }))
  return { ...canary, state: 'publishing', observed: false, observeUntil: null, members }
}

/** An alert that counts: of the cohort, in time. */
export interface CountedAlert extends UnexplainedAlert {
  /** The same for the same reading of the same bot. */
  once: string
  /** Whether its bot was connected, and so is among those that the members expect. */
  connected: boolean
  /** The scenario's word under the new policy. */
  explained: boolean
}

/** Counted once per bot and reading. Two unexplained ones end the canary, or its bake, where `isGuardBroken` says so. */
export function onAlert(canary: Canary, { once, connected, explained, ...alert }: CountedAlert): CanaryDecision {
  if (!countsAlerts(canary) || canary.counted.includes(once)) return nothing(canary)
  const known = canary.alerting.find(({ bot }) => bot === alert.bot)
  if ((known?.alerts ?? 0) >= MAX_ALERTS_OF_BOT) return nothing(canary)
  // Beyond the bound only the first word of a bot that nothing explains still matters.
  const isFull = canary.counted.length >= MAX_COUNTED
  if (isFull && (explained || canary.unexplained.some(({ bot }) => bot === alert.bot))) return nothing(canary)
  const counted = isFull ? canary : withAlert(canary, alert.bot, once)
  if (explained) return nothing(counted)
  const failed = { ...counted, unexplained: [...counted.unexplained, alert] }
  if (!isGuardBroken(failed, connected)) return nothing(failed)
  // A pause is a question about evidence: here is an answer, and the cohort still lives under the new rule.
  return { canary: failed, step: { do: isLive(canary) ? 'fail' : 'alarm', reason: 'UNEXPLAINED_ALERTS', detail: guardDetail(failed) } }
}

/**
 * Two alerts of two bots, or of one where the cohort has but one: its size is the connected bots, and others that have alerted. So one bot
 * in a larger cohort, which may be broken or lie, vetoes nothing. `isConnected`: the bot that complains is among those expected.
 */
function isGuardBroken({ unexplained, alerting, members }: Canary, isConnected: boolean): boolean {
  if (unexplained.length < UNEXPLAINED_LIMIT) return false
  const complaining = new Set(unexplained.map(({ bot }) => bot))
  if (complaining.size >= UNEXPLAINED_LIMIT) return true
  const isOtherAlerting = alerting.some(({ bot }) => !complaining.has(bot))
  const isOtherConnected = Math.max(...members.map(({ expected }) => expected)) > (isConnected ? 1 : 0)
  return !isOtherAlerting && !isOtherConnected
}

function guardDetail({ unexplained }: Canary): string {
  const bots = [...new Set(unexplained.map((entry) => entry.bot))].join(', ')
  return `${unexplained.length} unexplained alerts, limit ${UNEXPLAINED_LIMIT}: ${bots}`
}

function withAlert(canary: Canary, bot: string, once: string): Canary {
  const others = canary.alerting.filter((known) => known.bot !== bot)
  const { alerts } = canary.alerting.find((known) => known.bot === bot) ?? { alerts: 0 }
  return { ...canary, counted: [...canary.counted, once], alerting: [...others, { bot, alerts: alerts + 1 }] }
}

/** Observation begins when all heads are stored and their cohorts have said that they run them. */
function observeWhenReady(canary: Canary): CanaryDecision {
  const ready =
    isPublished(canary) &&
    canary.members.every((member) => member.connected === 0 || (member.expected > 0 && member.acknowledged >= member.expected))
  return ready ? { canary, step: { do: 'observe' } } : nothing(canary)
}

function isPublished(canary: Canary): boolean {
  return canary.members.every((member) => member.published)
}

function withMembers(canary: Canary, changed: readonly CanaryMember[]): Canary {
  const byPolicy = new Map(changed.map((member) => [member.policy, member]))
  return { ...canary, members: canary.members.map((member) => byPolicy.get(member.policy) ?? member) }
}

function nothing(canary: Canary): CanaryDecision {
  return { canary, step: { do: 'nothing' } }
}
