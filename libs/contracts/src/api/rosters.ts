import type { Envelope } from '../envelope.js'

/** Maximum rosters per read, and per response of `GET /v1/roster`. */
export const ROSTERS_AT_ONCE = 100

/** Entry of `GET /v1/roster?since=N`: the rosters after version N (default: all known), oldest first, at most `ROSTERS_AT_ONCE`. */
export interface RosterStep {
  version: number
  /** The signed roster. Receivers do not trust approver for it: `nextRoster` verifies it with its predecessor. */
  envelope: Envelope
}

/** Signatures collected toward the root rule of one roster. */
export interface RootProgress {
  version: number
  /** Names of the signers who count. */
  signedBy: string[]
  threshold: number
}

export interface RosterProposalView extends RosterStep {
  /** Digest of the payload, for signers to compare. */
  digest: string
  state: 'WAITING' | 'CURRENT'
  /** Progress toward the root rules of the roster in force and of the proposed one; both must be met. */
  progress: RootProgress[]
  /** `null` for a roster that is in force already. */
  proposedAt: string | null
  /** Policies whose live release readers may refuse once the roster is in force. */
  acceptUnreadable?: string[]
}
