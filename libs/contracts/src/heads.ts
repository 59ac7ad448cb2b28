import type { Audience } from './bots.js'
import type { Change } from './change.js'
import type { Envelope } from './envelope.js'
import type { LogProof } from './log-proof.js'
import type { ReleaseDocument, VersionRef } from './run-dossier.js'

/** A head with all data that a reader needs to verify it. */
export interface SignedHead {
  head: Envelope
  /** Release that the head makes current; `null` if it names none. */
  release: Envelope | null
  /** Proof that the release's approval is in the log; `null` if the roster names no log. */
  proof?: LogProof | null
  /** Release that the head's `next` names, if it has one. */
  next?: HeldRelease | null
}

/** A release that readers hold and put in force by themselves at its effective time. */
export interface HeldRelease {
  release: Envelope
  proof?: LogProof | null
}

/** Result of storing heads of one scope together: published once per bundle, not per policy. */
export interface PublishedHeads {
  /** Run that they name; `null` if none. */
  run: number | null
  heads: PublishedHead[]
}

/** config-store's report on a head: stored, or older than the current one (`applied` false); and the connected bots. */
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
}

/** One policy in one scope as sent to readers: signed head, signed release, and the store's revision. */
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
  /** `null` if the roster names no log, or the head no release. */
  proof: LogProof | null
  /** Release that the head's `next` names: held, and in force from its effective time on. */
  next?: HeldRelease
}

export interface PromotedHead {
  policy: string
  seq: number
  release: string | null
  version: string | null
}

/**
 * A stable head reverted to an earlier release, by people or by a failed rollout; or a release that was only held was replaced
 * (`replacedBy`).
 */
export interface ReversedPolicy {
  policy: string
  from: VersionRef
  /** Previously effective release, if `from` was only held and the effective one was reverted too. */
  inForce?: VersionRef
  to: ReleaseDocument | null
  seq: number
  reason: string
  /** Run that reverted: a failed one, or that of a signed rollback; `null` for a rollback without a run. */
  run: number | null
  /** Run that replaces `from`, which was only held: `to` stays in force until then, and `seq` is that of the last head before its own. */
  replacedBy?: number
  /** Author and reason, with the signed statements. Missing in events of earlier builds. */
  change?: Change
}

/** A withdrawn policy: from this head on none of its releases is in force. */
export interface WithdrawnPolicy {
  policy: string
  /** Withdrawn version, with its release digest. */
  from: VersionRef
  seq: number
  reason: string
  /** Names of the signers, in the order of `statements`. */
  by: string[]
  /** Signed statement of each signer. */
  statements: Envelope[]
  /** Reason sent to partners. */
  publicReason?: string
}
