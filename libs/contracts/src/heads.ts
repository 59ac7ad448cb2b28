import type { Audience } from './bots.js'
import type { Change } from './change.js'
import type { Envelope } from './envelope.js'
import type { LogProof } from './log-proof.js'
import type { ReleaseDocument, VersionRef } from './run-dossier.js'

/** A signed head with everything that a reader needs to verify it. */
export interface SignedHead {
  head: Envelope
  /** Release that the head makes current; `null` if it names none. */
  release: Envelope | null
  /** Proof that the release's approval is in the log; `null` if the roster names no log. */
  proof?: LogProof | null
  /** Release that the head's `next` names: not yet in force. */
  next?: HeldRelease | null
}

/** Returns the text of a bundle, which proves offline that a policy is in force with a valid approval. */
export function offlineBundle({ head, release, proof }: { head: Envelope; release: Envelope; proof: LogProof }): string {
  return JSON.stringify({ bundle: 1, release, head, entry: proof.entry, member: proof.member, proof: proof.proof })
}

/** A release with a future effective time. Readers receive it beforehand and apply it by their own clocks at that time. */
export interface HeldRelease {
  release: Envelope
  proof?: LogProof | null
}

/** Result of storing heads together: published once per bundle, not per policy. */
export interface PublishedHeads {
  /** Run that the heads name; `null` if they name none. */
  run: number | null
  heads: PublishedHead[]
}

/** config-store's report on a head and the connected bots. `applied`: stored; false if the head is older than the current one. */
export interface PublishedHead {
  policy: string
  scope: string
  seq: number
  release: string | null
  revision: number
  applied: boolean
  audience: Audience
  /** Digest of rollout's signed `Change`, if one accompanied the head. */
  change?: string
  /** When config-store stored the head, if it applied it: `recordedAt` of the policy's history. Absent in events of earlier builds. */
  storedAt?: string
}

/** One policy in one scope as sent to readers: signed head, signed release, and config-store's revision. */
export interface ConfigDocument {
  id: string
  scope: string
  seq: number
  revision: number
  version: string | null
  /** Release digest, `null` when the head names no release. */
  digest: string | null
  run: number | null
  head: Envelope
  release: Envelope | null
  /** `null` if the roster names no log or the head names no release. */
  proof: LogProof | null
  /** Release that the head's `next` names. Readers apply it from its effective time on. */
  next?: HeldRelease
}

export interface PromotedHead {
  policy: string
  seq: number
  release: string | null
  version: string | null
  /** Effective time (RFC 3339), if it was in the future at the promotion. */
  from?: string
}

/** A policy whose stable head people or a failed rollout reverted. `replacedBy`: newer run that replaced it before its effective time. */
export interface ReversedPolicy {
  policy: string
  from: VersionRef
  /** Release that was in force, if `from` was not yet in force and both were reverted. */
  inForce?: VersionRef
  to: ReleaseDocument | null
  seq: number
  reason: string
  /** Failed run, or run of the signed rollback; `null` for a rollback without a run. */
  run: number | null
  /** Run that replaces `from` before its effective time. `to` stays in force until that run's head; `seq` is of the last head before it. */
  replacedBy?: number
  /** Author and reason, with the signed statements. Missing in events of earlier builds. */
  change?: Change
  /** When config-store stored the head; absent if its response to the head was lost, and in events of earlier builds. */
  storedAt?: string
}

/** A withdrawn policy: from head `seq` on, none of its releases is in force. */
export interface WithdrawnPolicy {
  policy: string
  /** Withdrawn version, with its release digest. */
  from: VersionRef
  seq: number
  reason: string
  /** Names of the signers, in the order of `statements`. */
  by: string[]
  statements: Envelope[]
  /** Reason sent to partners. */
  publicReason?: string
}
