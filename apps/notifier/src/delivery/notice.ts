import type { Delivery, Message } from './delivery.table.js'
import { supersededBy } from './lane.js'
import { bodyOf, messageOf, partnersIdOf, type News } from './news.js'
import type { Told } from './told-policies.js'

/** A message that is to be queued for partners: what it tells of, and how its text is made for each. */
export interface Notice {
  told: Told
  run: number
  /** As in `Delivery`. */
  stage: string | null
  message: Message
  /** What a partner drops doubles by. Letters, digits, `_` and `-`. */
  idFor(partner: string): string
  /** What it replaces for a partner for whom these are open, of each of its policies. */
  supersedes(open: readonly Delivery[]): string[][]
  body(supersedes: readonly string[][], receipt: string): string
}

/** Policies that took effect together, went back, or were withdrawn. */
export function noticeOf(news: News): Notice {
  const all = news.policies.map(({ policy, version, digest }) => ({ policy, version, digest }))
  return {
    told: { ...all[0]!, ...(all.length > 1 ? { policies: all } : {}) },
    run: news.run,
    stage: news.stage,
    message: messageOf(news),
    idFor: (partner) => partnersIdOf(news, partner),
    supersedes: (open) => news.policies.map((each) => supersededBy(each, open)),
    body: (supersedes, receipt) => bodyOf(news, supersedes, receipt),
  }
}
