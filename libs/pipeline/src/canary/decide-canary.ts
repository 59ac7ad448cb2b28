import type { PublishedHead, CoverageReport } from '#libs/contracts'
import { countsAlerts, isOpen, MAX_ALERTS_OF_BOT, MAX_COUNTED, UNEXPLAINED_LIMIT, type Canary, type CanaryMember, type UnexplainedAlert } from './canary.js'

/**
 * What the shell must do after a step. `widen`: issue the member's head again with a share that takes in one bot. `alarm`: the canary is
 * over, and its rollout has to take the run back.
 */
export type CanaryStep =
  | { do: 'nothing' }
  | { do: 'widen'; member: CanaryMember; share: number }
  | { do: 'observe' }
  | { do: 'judge' }
  | { do: 'fail'; reason: 'UNEXPLAINED_ALERTS'; detail: string }
  | { do: 'alarm'; reason: 'UNEXPLAINED_ALERTS'; detail: string }

export type CanaryDecision = { canary: Canary; step: CanaryStep }

/** config-store stored a head of the canary and says who is there. */
export function onPublished(canary: Canary, news: PublishedHead, at: string): CanaryDecision {
  const member = memberOf(canary, news.policy, news.scope, news.seq)
  if (member === undefined || canary.state !== 'publishing') return nothing(canary)
  const { connected, cohort, smallestBucket } = news.audience
  const stored = replace(canary, { ...member, published: true, connected, expected: cohort })
  const open = { ...stored, publishedAt: stored.publishedAt ?? at }
  if (connected > 0 && cohort === 0 && smallestBucket !== null) {
    return { canary: open, step: { do: 'widen', member, share: smallestBucket + 1 } }
  }
  return observeWhenReady(open)
}

/** The numbers of who runs what changed. */
export function onCoverage(canary: Canary, report: CoverageReport): CanaryDecision {
  const mine = report.scopes.find((entry) => entry.scope === canary.scope)
  const member = mine === undefined ? undefined : memberOf(canary, report.policy, mine.scope, mine.seq)
  if (mine === undefined || member === undefined || !isOpen(canary)) return nothing(canary)
  const counted = replace(canary, { ...member, expected: mine.expected, acknowledged: mine.acknowledged, connected: Math.max(member.connected, mine.expected) })
  return counted.state === 'publishing' ? observeWhenReady(counted) : nothing(counted)
}

/** Time for acknowledgements is over: what is there is observed. */
export function onAcknowledgementsOverdue(canary: Canary): CanaryDecision {
  return canary.state === 'publishing' ? { canary, step: { do: 'observe' } } : nothing(canary)
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
  if (canary.state === 'paused') return nothing({ ...failed, broken: guardDetail(failed) })
  return { canary: failed, step: { do: isOpen(canary) ? 'fail' : 'alarm', reason: 'UNEXPLAINED_ALERTS', detail: guardDetail(failed) } }
}

/** The observation is over. What was counted while nothing could be decided, as during a pause, is decided now. */
export function onObserved(canary: Canary): CanaryDecision {
  if (canary.state !== 'observing') return nothing(canary)
  if (canary.broken !== null) return { canary, step: { do: 'fail', reason: 'UNEXPLAINED_ALERTS', detail: canary.broken } }
  return { canary, step: { do: 'judge' } }
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
  const ready = canary.members.every((member) => member.published && (member.connected === 0 || (member.expected > 0 && member.acknowledged >= member.expected)))
  return ready ? { canary, step: { do: 'observe' } } : nothing(canary)
}

function memberOf(canary: Canary, policy: string, scope: string, seq: number): CanaryMember | undefined {
  if (scope !== canary.scope) return undefined
  return canary.members.find((member) => member.policy === policy && member.seq === seq)
}

function replace(canary: Canary, member: CanaryMember): Canary {
  return { ...canary, members: canary.members.map((known) => (known.policy === member.policy ? member : known)) }
}

function nothing(canary: Canary): CanaryDecision {
  return { canary, step: { do: 'nothing' } }
}
