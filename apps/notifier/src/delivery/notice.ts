import type { Delivery, Message } from './delivery.table.js'
import { supersededBy } from './lane.js'
import { bodyOf, messageOf, partnersIdOf, type News } from './news.js'
import type { NotifiedPolicies } from './notified-policies.js'

/** Message to queue for partners: its policies, and functions that build its text for each partner. */
export interface Notice {
  notified: NotifiedPolicies
  run: number
  /** As in `Delivery`. */
  stage: string | null
  message: Message
  /** Message id by which a partner drops duplicates. Letters, digits, `_` and `-`. */
  idFor(partner: string): string
  /** Versions it replaces for a partner with these open deliveries, one list for each of its policies. */
  supersedes(open: readonly Delivery[]): string[][]
  body(supersedes: readonly string[][], receipt: string): string
}

/** Creates the notice of policies that took effect together, were rolled back, or were withdrawn. */
export function noticeOf(news: News): Notice {
  const all = news.policies.map(({ policy, version, digest }) => ({ policy, version, digest }))
  return {
    notified: { ...all[0]!, ...(all.length > 1 ? { policies: all } : {}) },
    run: news.run,
    stage: news.stage,
    message: messageOf(news),
    idFor: (partner) => partnersIdOf(news, partner),
    supersedes: (open) => news.policies.map((each) => supersededBy(each, open)),
    body: (supersedes, receipt) => bodyOf(news, supersedes, receipt),
  }
}
