import type { PublishedHead, CoverageReport } from '#libs/contracts'
import { isOpen, UNEXPLAINED_LIMIT, type Canary, type CanaryMember, type UnexplainedAlert } from './canary.js'

/** What the shell must do after a step. `widen`: issue the member's head again with a share that takes in one bot. */
export type CanaryStep =
  | { do: 'nothing' }
  | { do: 'widen'; member: CanaryMember; share: number }
  | { do: 'observe' }
  | { do: 'fail'; reason: 'UNEXPLAINED_ALERTS'; detail: string }

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

/** An alert that counts: of the cohort, in time. `explained` is the scenario's word under the new policy. */
export function onAlert(canary: Canary, alert: UnexplainedAlert, explained: boolean): CanaryDecision {
  const once = `${alert.bot} ${alert.reading}`
  if (!isOpen(canary) || canary.counted.includes(once)) return nothing(canary)
  const counted = { ...canary, counted: [...canary.counted, once] }
  if (explained) return nothing(counted)
  const failed = { ...counted, unexplained: [...counted.unexplained, alert] }
  if (failed.unexplained.length < UNEXPLAINED_LIMIT) return nothing(failed)
  const bots = [...new Set(failed.unexplained.map((entry) => entry.bot))].join(', ')
  return {
    canary: failed,
    step: { do: 'fail', reason: 'UNEXPLAINED_ALERTS', detail: `${failed.unexplained.length} unexplained alerts, limit ${UNEXPLAINED_LIMIT}: ${bots}` },
  }
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
