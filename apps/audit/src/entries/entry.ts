import {
  canonicalJson,
  openDossier,
  peekPredicate,
  type AuditEntry,
  type Envelope,
  type EventData,
  type LoggedRelease,
  type PublishedHeads,
  type VerifiedEvent,
} from '#libs/contracts'
import { ApprovalTree, digestOfPayload, leafHash, readRelease, STABLE_SCOPE, type ApprovalRoot, type ApprovedRelease } from '#libs/signing'
import { actsOf, isAct, signedAct } from './acts.js'

/**
 * Facts and digests of an event in the log, without its contents. The leaf is the canonical form (RFC 8785) of exactly these members. `v`:
 * 2 commits to the approved releases, 3 covers the events of a window, 4 means the log keeps the whole signed event, 1 is any other entry.
 */
export interface EntryFacts {
  v: 1 | 2 | 3 | 4
  /** Time the event was made, by its producer's database. */
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
  /** Merkle root over the releases of an approval. A proof of the entry and a path to this root together prove one release. */
  releases?: ApprovalRoot
  /** Set for a window: then `digest` covers the listing of its events, and `event` is the id of this entry only. */
  window?: { from: string; until: string; events: number }
}

/** Entry in the log. `index` counts from 0 without gaps. */
export interface LogEntry {
  index: number
  facts: EntryFacts
  leafHash: Buffer
  /** The event, if the log keeps it and the query requests it. */
  signed?: Envelope
  /** On request: people who caused the event, in lower case, and the releases whose first approval it is. */
  actors?: readonly string[]
  policies?: { id: string; version: string }[]
}

/** Entry as in responses: its hashed leaf, with `index` and `leafHash`, and on request `acts` and `signed`. */
export type RecordedEntry = AuditEntry & EntryFacts

/** Builds the facts of an event. `releases`: result of `releasesOf`, for an approval. */
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
 * Whether the log keeps the whole event: acts of people, rosters, and config-store's events of applied stable heads, so that an export
 * proves who, why and when. Renewals of canaries are not kept.
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
    // The log records a malformed event too; it proves no release.
    return undefined
  }
}

/** Returns the hashed bytes, as text. */
export function leafOf(facts: EntryFacts): string {
  return canonicalJson(facts)
}

export function leafHashOf(facts: EntryFacts): Buffer {
  return Buffer.from(leafHash(Buffer.from(leafOf(facts))))
}

/** Builds the entry of a response. On request it has the acts, with names by `nameOf`, and the event, if the entry has its digest. */
export function recordedEntry(
  { index, facts, leafHash: hash, signed: read, actors = [], policies = [] }: LogEntry,
  wanted: { acts?: boolean; signed?: boolean } = {},
  nameOf = (actor: string): string => actor,
): RecordedEntry {
  const signed = read !== undefined && digestOfPayload(read) === facts.digest ? read : undefined
  const kept = wanted.acts === true && signed !== undefined ? actsOf(peekPredicate(signed)) : undefined
  const named = signedAct(facts.type, actors.map(nameOf), policies)
  const acts = named.length > 0 ? named : kept
  return {
    index,
    ...facts,
    leafHash: hash.toString('hex'),
    ...(acts === undefined ? {} : { acts }),
    ...(wanted.signed === true && signed !== undefined ? { signed } : {}),
  }
}

export interface IndexedRelease extends LoggedRelease {
  index: number
}
