import { POLICY_INTENTS, type PolicyEventType, type ReleaseDocument } from '#libs/contracts'
import { differenceOf, diffPolicies, type PolicyDocument } from '#libs/policy'
import { readRelease } from '#libs/signing'
import type { PolicyContent } from '../channels/channel-sender.js'
import type { Delivery, Message } from './delivery.table.js'
import { supersededBy } from './lane.js'
import type { NotifiedPolicies } from './notified-policies.js'

export interface PolicyNews extends PolicyContent {
  /** Version that was in force before. */
  before: string | null
}

/** News for a partner, sent in one message. */
export interface News {
  /** Identifies the cause: run and attempt, or the head of a rollback. Unique together with policy, partner and channel. */
  cause: string
  /** Like `cause`, but the same for every attempt of a run. */
  messageCause: string
  run: number
  stage: string | null
  /** Set for news that only partners that ask for it get. */
  kind?: 'announced' | 'rolled-back'
  at: Date
  /** When config-store stored the heads: `recordedAt` of the history. */
  storedAt?: string
  /** Public part of the reason for a rollback or a withdrawal. */
  publicReason?: string
  /** Policies that took effect together; a withdrawal has one. */
  policies: readonly [PolicyNews, ...PolicyNews[]]
}

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
  body(supersedes: readonly string[][], receipt: string, publicUrl?: string): string
}

/** Prefix of the messages that announce a run whose canary passed. */
export const ANNOUNCED = 'announced-'

export function isAnnouncement({ message }: Pick<Delivery, 'message'>): boolean {
  return message.startsWith(ANNOUNCED)
}

/** Creates the notice of policies that took effect together, were rolled back, or were withdrawn. */
export function noticeOf(news: News): Notice {
  const { cause, messageCause, kind, run, stage, policies } = news
  const all = policies.map(({ policy, version, digest }) => ({ policy, version, digest }))
  const [{ policy }] = policies
  const isBundle = all.length > 1
  return {
    notified: { ...all[0]!, ...(isBundle ? { policies: all } : {}) },
    run,
    stage,
    message: messageOf(news, `${cause}.${isBundle ? 'bundle' : policy}${kind === 'rolled-back' ? `.${kind}` : ''}`),
    idFor: (partner) => (isBundle ? `${messageCause}_${partner}` : `${messageCause}_${policy}_${partner}`),
    supersedes: (open) => policies.map((each) => supersededBy(each, open)),
    body: (supersedes, receipt, publicUrl) => bodyOf(news, supersedes, receipt, publicUrl ?? ''),
  }
}

export function deliveryId(message: string, partner: string, channel: string): string {
  return `${message}.${partner}.${channel}`
}

/** Reads the facts of a release for partners from its signed policy, not from unsigned members of the message. */
export function releaseFacts(release: ReleaseDocument): { policy: string; version: string; digest: string; effective: string } {
  const { predicate, policyDigest } = readRelease(release.envelope)
  const { id, version, effective } = predicate.policy
  return { policy: id, version, digest: policyDigest, effective: String(effective) }
}

function messageOf(news: News, id: string): Message {
  const { policies, at, publicReason } = news
  const [first, ...others] = policies.map(({ before: _before, ...content }): PolicyContent => content)
  const type = typeOf(news)
  const more = others.length === 0 ? {} : { others }
  const reason = publicReason === undefined ? {} : { publicReason }
  return { id, type, ...first!, ...more, bundle: updatesOf(policies), at: at.toISOString(), ...reason }
}

function typeOf({ policies, kind }: Pick<News, 'policies' | 'kind'>): PolicyEventType {
  return policies[0].release === null ? 'policy.withdrawn' : `policy.${kind ?? 'updated'}`
}

/** Returns when a policy came into force (`from` of its history): its effective time, or its head's storage time if later. */
function inForceFrom(effective: string, storedAt: string | undefined): { inForceFrom?: string } {
  if (storedAt === undefined) return {}
  return { inForceFrom: Date.parse(effective) > Date.parse(storedAt) ? effective : storedAt }
}

/** Maximum characters of the values in a message, in JSON. Each delivery stores its body, so larger ones are only at the link. */
const MAX_VALUES = 64 * 1024

/** Returns what each policy says and how it differs from the release before; empty objects if this is too large. */
function valuesOf(policies: readonly PolicyContent[]): object[] {
  const all = policies.map(({ release, replaced }) => {
    if (release === null) return {}
    const [policy, before] = [policyIn(release), replaced === null ? undefined : policyIn(replaced)]
    const { id: _id, version: _version, effective: _effective, ...values } = policy
    return { values, ...(before === undefined ? {} : { differences: diffPolicies(before, policy).map(differenceOf) }) }
  })
  return JSON.stringify(all).length <= MAX_VALUES ? all : all.map(() => ({})) // guard: values-bounded
}

function policyIn({ envelope }: ReleaseDocument): PolicyDocument {
  return readRelease(envelope).predicate.policy as PolicyDocument
}

/**
 * Builds the body for one partner: the first policy, and for a bundle all policies in `policies`. The text is stored and sent unchanged on
 * every attempt, because partners may compare its bytes: the order of its keys is fixed, and `timestamp` is the time of the event instead
 * of the attempt.
 *
 * @param supersedes `ID@VERSION` of versions that each policy replaces for the partner, including versions it was never notified of
 * @param receipt where the partner acknowledges the message
 */
function bodyOf(news: News, supersedes: readonly string[][], receipt: string, publicUrl: string): string {
  const { policies, kind, run, at, storedAt, publicReason } = news
  const contents = valuesOf(policies)
  const updates = policies.map(({ policy: id, version, digest, effective }, index) => {
    return { id, version, digest, effective, supersedes: supersedes[index]!, ...contents[index], ...inForceFrom(effective, storedAt) }
  })
  const { id, version, digest, effective } = updates[0]!
  const type = typeOf(news)
  const isWithdrawal = type === 'policy.withdrawn'
  const data = {
    intent: POLICY_INTENTS[type],
    id,
    version,
    digest,
    ...(isWithdrawal ? {} : { effective }),
    supersedes: supersedes.flat(),
    ...(isWithdrawal ? {} : { bundle: updatesOf(policies) }),
    ...(updates.length > 1 ? {} : { ...contents[0], ...inForceFrom(effective, storedAt) }),
    ...(kind === 'rolled-back' ? { rolledBack: policies[0].before, current: updatesOf(policies)[0] } : {}),
    ...(updates.length > 1 ? { policies: updates } : { reason: publicReason }),
    ...(isWithdrawal ? {} : { link: publicUrl + (kind === 'announced' ? `/runs/${run}` : `/policies/${id}`) }),
    receipt,
  }
  return JSON.stringify({ type, timestamp: at.toISOString(), data })
}

/** Returns `ID@VERSION` of the policies that are in force; empty for a withdrawal. */
function updatesOf(policies: readonly PolicyContent[]): string[] {
  return policies.filter(({ release }) => release !== null).map(({ policy, version }) => `${policy}@${version}`)
}
