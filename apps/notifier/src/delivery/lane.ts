import type { Partner } from '../partners/partner.js'
import type { Delivery } from './delivery.table.js'
import { bundleOf, covers, overlap, policiesOf, type NotifiedPolicies } from './notified-policies.js'

/**
 * Result of adding a message to its lanes, one for each of its policies. Until it is the oldest in each, no attempt is scheduled. In mode
 * `latest` it replaces waiting messages whose policies it covers, but not one that is being sent: the partner may be reading it already.
 */
export interface Joined {
  superseded: Delivery[]
  /** Whether no open delivery of its lanes is ahead, so the new one is attempted immediately. */
  first: boolean
  laneSeq: number
}

/** Decides how a new message affects the open deliveries that share a policy with it. */
export function joinLane(newcomer: NotifiedPolicies, open: readonly Delivery[], mode: Partner['lane']): Joined {
  // guard: bundle-in-order
  const superseded = mode === 'latest' ? open.filter((delivery) => !delivery.sending && covers([newcomer], delivery)) : []
  return { superseded, first: superseded.length === open.length, laneSeq: 1 + Math.max(0, ...open.map((delivery) => delivery.laneSeq)) }
}

/** Whether a failed attempt at `delivery` is the last, because a newer message that covers all policies of the delivery waits behind it. */
export function isOvertaken(delivery: Delivery, open: readonly Delivery[], mode: Partner['lane']): boolean {
  return mode === 'latest' && open.some((other) => other.laneSeq > delivery.laneSeq && covers([other], delivery))
}

/** Returns the unscheduled deliveries that are the oldest of `open` for each of their policies. */
export function headsOf(open: readonly Delivery[]): Delivery[] {
  const taken = new Set<string>()
  return open
    .toSorted((a, b) => a.laneSeq - b.laneSeq)
    .filter((delivery) => {
      const names = policiesOf(delivery).map(({ policy }) => policy)
      const isFirst = !names.some((name) => taken.has(name))
      for (const name of names) taken.add(name)
      return isFirst && delivery.nextAttemptAt === null
    })
}

export function isBehind(delivery: Delivery, open: readonly Delivery[]): boolean {
  return open.some((other) => other.id !== delivery.id && other.laneSeq < delivery.laneSeq && overlap(other, delivery))
}

/** Returns the `ID@VERSION`s of a policy that a message replaces: in force before, or in open messages. Its own only for a withdrawal. */
export function supersededBy(
  news: { policy: string; version: string; before: string | null; release?: object | null },
  open: readonly Delivery[],
): string[] {
  const ahead = open.flatMap((delivery) => [...bundleOf(delivery), ...delivery.supersedes])
  const all = [...(news.before === null ? [] : [`${news.policy}@${news.before}`]), ...ahead]
  const own = all.filter((version) => version.startsWith(`${news.policy}@`))
  return [...new Set(own)].filter((version) => news.release === null || version !== `${news.policy}@${news.version}`)
}
