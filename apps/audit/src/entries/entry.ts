import {
  canonicalJson,
  openDossier,
  peekPredicate,
  type AuditEntry,
  type Envelope,
  type EventData,
  type PublishedHeads,
  type VerifiedEvent,
} from '#libs/contracts'
import { ApprovalTree, digestOfPayload, leafHash, readRelease, STABLE_SCOPE, type ApprovalRoot, type ApprovedRelease } from '#libs/signing'
import { actsOf, isAct } from './acts.js'

/**
 * What the trail keeps of an event: facts and digests, no contents. The leaf is the canonical form (RFC 8785) of exactly these members,
 * so anyone who holds them can recompute it; `v` changes when they do: 2 is an entry that commits to the releases that were approved,
 * 3 one of many events of a window, 4 one whose event the log keeps whole, as its service signed it.
 */
export interface EntryFacts {
  v: 1 | 2 | 3 | 4
  /** When the event was made, by its producer's database. */
  at: string
  source: string
  type: string
  topic: string
  key: string
  run: number | null
  attempt: number | null
  /** `ce_id`. */
  event: string
  /** SHA-256 over the payload bytes that the producer signed. */
  digest: string
  /** Of an approval: the root over the releases that its run is for. A proof of the entry, with a path to that root, is one of each. */
  releases?: ApprovalRoot
  /** Of a window: then `digest` is over the listing of its events, and `event` the id of this entry alone. */
  window?: { from: string; until: string; events: number }
}

/** A place in the log. `index` counts from 0 without gaps. */
export interface LogEntry {
  index: number
  facts: EntryFacts
  leafHash: Buffer
  /** The event, where the log keeps it and the query asks for it. */
  signed?: Envelope
}

/**
 * The answer carries the whole leaf: all members but `index`, `leafHash`, and on request `acts` and `signed`, are the entry that was
 * hashed.
 */
export type RecordedEntry = AuditEntry & EntryFacts

/** `releases`: of an approval, as `releasesOf` reads them. */
export function factsOf(event: VerifiedEvent, releases?: readonly ApprovedRelease[]): EntryFacts {
  return {
    v: releases === undefined ? (isKept(event) ? 4 : 1) : 2,
    at: event.time,
    source: event.source,
    type: event.type,
    topic: event.topic,
    key: event.key,
    run: event.runId === undefined ? null : Number(event.runId),
    attempt: event.attempt ?? null,
    event: event.id,
    digest: digestOfPayload(event.envelope),
    ...(releases === undefined ? {} : { releases: new ApprovalTree(releases).root }),
  }
}

/**
 * The log keeps the events by which people act, rosters, and what config-store stored for all: an export binds who, why and when to them.
 * The renewals of canaries are not kept.
 */
export function isKept({ type, data }: VerifiedEvent): boolean {
  if (type !== 'hms.head.published.v1') return isAct(type) || type === 'hms.roster.rotated.v1'
  const { heads } = data as Partial<PublishedHeads>
  return Array.isArray(heads) && heads.some((head) => head?.applied && head.scope === STABLE_SCOPE)
}

const APPROVED = 'hms.approval.approved.v1'

export function releasesOf(event: VerifiedEvent): ApprovedRelease[] | undefined {
  if (event.type !== APPROVED) return undefined
  try {
    const { dossier } = event.data as Pick<EventData[typeof APPROVED], 'dossier'>
    return openDossier(dossier).releases.map(({ envelope }) => {
      const { predicate, digest } = readRelease(envelope)
      return { id: predicate.policy.id, version: predicate.policy.version, digest }
    })
  } catch {
    // The trail takes what happened, also when it makes no sense; no release gets a proof by it.
    return undefined
  }
}

/** The bytes that are hashed, as text. */
export function leafOf(facts: EntryFacts): string {
  return canonicalJson(facts)
}

export function leafHashOf(facts: EntryFacts): Buffer {
  return leafHash(Buffer.from(leafOf(facts)))
}

/** The event comes only where it was read, and is the one that the entry is of. */
export function recordedEntry(
  { index, facts, leafHash: hash, signed: read }: LogEntry,
  wanted: { acts?: boolean; signed?: boolean } = {},
): RecordedEntry {
  const signed = read !== undefined && digestOfPayload(read) === facts.digest ? read : undefined
  const acts = wanted.acts === true && signed !== undefined ? actsOf(peekPredicate(signed)) : undefined
  return {
    index,
    ...facts,
    leafHash: hash.toString('hex'),
    ...(acts === undefined ? {} : { acts }),
    ...(wanted.signed === true && signed !== undefined ? { signed } : {}),
  }
}

/** A release that the log holds. */
export interface LoggedRelease {
  /** Release digest. */
  digest: string
  policy: string
  version: string
  /** Of its entry. */
  index: number
}
