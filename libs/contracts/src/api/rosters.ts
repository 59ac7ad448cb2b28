import type { Envelope } from '../envelope.js'

/** Entry of `GET /v1/roster?since=N`: the rosters after version N (default: all known), oldest first, at most 100. */
export interface RosterStep {
  version: number
  /** The signed roster. It is not trusted because approver sent it: `nextRoster` verifies it against its predecessor. */
  envelope: Envelope
}

/** Progress toward the root rule of one roster. */
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
  /** Progress by the roster in force and by the proposed one; both must be met. */
  progress: RootProgress[]
  /** `null` if it is in force already. */
  proposedAt: string | null
  /** Policies whose live release readers may refuse once the roster is in force. */
  acceptUnreadable?: string[]
}
