import type { Partner } from '../partners/partner.js'
import type { Delivery } from './delivery.table.js'

/**
 * The rules of a lane. Its oldest open delivery is tried, the others wait without a timer. With `latest` a newer message replaces those
 * that wait, but never one that a worker is sending: the partner may be reading it, and must not get it after the newer.
 */
export interface Joined {
  superseded: Delivery[]
  /** Whether nothing of the lane is ahead, so that the newcomer is tried at once. */
  first: boolean
  laneSeq: number
}

/** What a new message does to the open deliveries of its lane. */
export function joinLane(open: readonly Delivery[], mode: Partner['lane']): Joined {
  const superseded = mode === 'latest' ? open.filter((delivery) => !delivery.sending) : []
  return { superseded, first: superseded.length === open.length, laneSeq: 1 + Math.max(0, ...open.map((delivery) => delivery.laneSeq)) }
}

/** Whether a failed try is the last, because a newer message waits behind it. */
export function isOvertaken(delivery: Delivery, open: readonly Delivery[], mode: Partner['lane']): boolean {
  return mode === 'latest' && open.some((other) => other.laneSeq > delivery.laneSeq)
}

/** Who is next in a lane whose head has ended. */
export function nextInLane(open: readonly Delivery[]): Delivery | undefined {
  return [...open].sort((a, b) => a.laneSeq - b.laneSeq)[0]
}

/**
 * `ID@VERSION` of what a message replaces for this partner: the version before, and what open messages of the lane would have told.
 */
export function supersededBy(
  news: { policy: string; version: string; before: string | null; release?: object | null },
  open: readonly Delivery[],
): string[] {
  const ahead = open.flatMap((delivery) => [`${delivery.policy}@${delivery.version}`, ...delivery.supersedes])
  const all = [...(news.before === null ? [] : [`${news.policy}@${news.before}`]), ...ahead]
  return [...new Set(all)].filter((version) => news.release === null || version !== `${news.policy}@${news.version}`)
}
