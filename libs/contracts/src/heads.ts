import type { Audience } from './bots.js'
import type { Change } from './change.js'
import type { Envelope } from './envelope.js'
import type { LogProof } from './log-proof.js'
import type { ReleaseDocument, VersionRef } from './run-dossier.js'

/** A head with all that a reader needs to believe it. */
export interface SignedHead {
  head: Envelope
  /** The release the head makes current; `null` when it names none. */
  release: Envelope | null
  /** That the release's approval is in the log; `null` where the roster names none. */
  proof?: LogProof | null
  /** The release that the head's `next` names, where it has one. */
  next?: HeldRelease | null
}

/** A release that readers hold and put in force by themselves at its time. */
export interface HeldRelease {
  release: Envelope
  proof?: LogProof | null
}

/** What became of heads of one scope that came together: a bundle is told once, not once for each of its policies. */
export interface PublishedHeads {
  /** Run that they name; `null` for heads that name none. */
  run: number | null
  heads: PublishedHead[]
}

/** config-store stored a head (or found it older than what it holds: `applied` false) and says who is connected. */
export interface PublishedHead {
  policy: string
  scope: string
  seq: number
  release: string | null
  revision: number
  applied: boolean
  audience: Audience
  /** Digest of what rollout signed about why the head was issued, where that came with it. */
  change?: string
}

/** One policy in one scope as readers get it: signed head, signed release, and the store's revision. */
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
  /** `null` where the roster names no log, or the head no release. */
  proof: LogProof | null
  /** What the head's `next` names: held, and in force from its time on. */
  next?: HeldRelease
}

export interface PromotedHead {
  policy: string
  seq: number
  release: string | null
  version: string | null
}

/**
 * A stable head went back to an earlier release: a rollback by people or of a failed rollout. Or what was only held gave way
 * (`replacedBy`).
 */
export interface ReversedPolicy {
  policy: string
  from: VersionRef
  /** Where `from` was only held, and what was in force went too: that. */
  inForce?: VersionRef
  to: ReleaseDocument | null
  seq: number
  reason: string
  /** The run that went back: one that gave itself up, or that of a rollback which people signed; `null` for a rollback without one. */
  run: number | null
  /** `from` was only held, and this run takes its place: `to` stays in force until then, and `seq` is of the last head before its own. */
  replacedBy?: number
  /** Who did it and why, with what they signed. Missing in events of earlier builds. */
  change?: Change
}

/** People retired a policy: from this head on nothing of it is in force. */
export interface WithdrawnPolicy {
  policy: string
  /** With its release digest. */
  from: VersionRef
  seq: number
  reason: string
  /** Names of those who signed, in that order. */
  by: string[]
  /** What each of them signed. */
  statements: Envelope[]
  /** What partners are told. */
  publicReason?: string
}
