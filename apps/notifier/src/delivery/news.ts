import type { ReleaseDocument } from '#libs/contracts'
import type { Message } from './delivery.table.js'
import { policyUpdatedBody, policyWithdrawnBody } from './message-body.js'

/** What a partner is to be told of one policy. */
export interface News {
  /** Names the cause: run and attempt, or the head that went back. Unique with policy, partner and channel. */
  cause: string
  /** As `cause`, but the same for every attempt of a run. */
  messageCause: string
  run: number
  stage: string | null
  policy: string
  version: string
  digest: string
  effective: string
  /** The version that was in force before. */
  before: string | null
  bundle: string[]
  /** The moment of the event. */
  at: Date
  /** The signed release of `version`; `null` when `version` is in force no more and nothing is in its place. */
  release: ReleaseDocument | null
  /** What was in force before. */
  replaced: ReleaseDocument | null
}

export function messageIdOf({ cause, policy }: News): string {
  return `${cause}.${policy}`
}

export function deliveryId(message: string, partner: string, channel: string): string {
  return `${message}.${partner}.${channel}`
}

export function messageOf(news: News): Message {
  const { policy, version, digest, effective, bundle, at, release, replaced } = news
  const type = release === null ? ('policy.withdrawn' as const) : ('policy.updated' as const)
  return { id: messageIdOf(news), type, policy, version, digest, effective, bundle, at: at.toISOString(), release, replaced }
}

export function bodyOf(news: News, supersedes: string[], receipt: string): string {
  const { policy: id, version, digest, effective, bundle, at, release } = news
  const about = { id, version, digest, supersedes, receipt }
  return (release === null ? policyWithdrawnBody(about, at) : policyUpdatedBody({ ...about, effective, bundle }, at)).toString()
}
