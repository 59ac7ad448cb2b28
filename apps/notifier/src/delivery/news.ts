import type { ReleaseDocument } from '#libs/contracts'
import type { PolicyContent } from '../channels/channel-sender.js'
import type { Message } from './delivery.table.js'
import { policyUpdatedBody, policyWithdrawnBody } from './message-body.js'

/** News about one policy for a partner. */
export interface PolicyNews extends PolicyContent {
  /** Version that was in force before. */
  before: string | null
}

/** News for a partner, sent in one message. */
export interface News {
  /** Identifies the cause: run and attempt, or the head of a rollback. Unique with policy, partner and channel. */
  cause: string
  /** Like `cause`, but the same for every attempt of a run. */
  messageCause: string
  run: number
  stage: string | null
  /** Time of the event. */
  at: Date
  /** Public part of the reason for a rollback or a withdrawal. */
  publicReason?: string
  /** Policies that took effect together; a withdrawal has one. */
  policies: readonly [PolicyNews, ...PolicyNews[]]
}

function messageIdOf({ cause, policies }: News): string {
  return policies.length > 1 ? `${cause}.bundle` : `${cause}.${policies[0].policy}`
}

/** Returns the message id by which a partner drops duplicates. */
export function partnersIdOf({ messageCause, policies }: News, partner: string): string {
  return policies.length > 1 ? `${messageCause}_${partner}` : `${messageCause}_${policies[0].policy}_${partner}`
}

export function deliveryId(message: string, partner: string, channel: string): string {
  return `${message}.${partner}.${channel}`
}

export function messageOf(news: News): Message {
  const [first, ...others] = news.policies.map(({ before: _before, ...content }): PolicyContent => content)
  const type = first!.release === null ? ('policy.withdrawn' as const) : ('policy.updated' as const)
  const more = others.length === 0 ? {} : { others }
  const reason = news.publicReason === undefined ? {} : { publicReason: news.publicReason }
  return { id: messageIdOf(news), type, ...first!, ...more, bundle: updatesOf(news.policies), at: news.at.toISOString(), ...reason }
}

/** `supersedes`: one list for each policy, in their order. */
export function bodyOf({ policies, at, publicReason }: News, supersedes: readonly string[][], receipt: string): string {
  const [first, ...others] = policies.map(({ policy: id, version, digest, effective }, index) => {
    return { id, version, digest, effective, supersedes: supersedes[index]! }
  })
  const reason = publicReason === undefined ? {} : { reason: publicReason }
  if (policies[0].release === null) return policyWithdrawnBody({ ...first!, ...reason, receipt }, at).toString()
  const bundle = updatesOf(policies)
  if (others.length === 0) return policyUpdatedBody({ ...first!, ...reason, bundle, receipt }, at).toString()
  return policyUpdatedBody({ ...first!, supersedes: supersedes.flat(), bundle, policies: [first!, ...others], receipt }, at).toString()
}

function updatesOf(policies: readonly { policy: string; version: string; release: ReleaseDocument | null }[]): string[] {
  return policies.filter(({ release }) => release !== null).map(({ policy, version }) => `${policy}@${version}`)
}
