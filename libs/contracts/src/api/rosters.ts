import type { Envelope } from '../envelope.js'

/** `GET /v1/roster?since=N`: the rosters after version N (all that are known without it), oldest first, 100 at most. */
export interface RosterStep {
  version: number
  /** The signed roster. Nobody believes it because approver says it: `nextRoster` judges it against the one before. */
  envelope: Envelope
}

/** `POST /v1/roster/proposals`: the next roster as a statement, with the signatures it has already, or none. */
export interface RosterProposal {
  envelope: Envelope
  /** Policies whose live release readers may refuse once it is in force: without their ids such a roster is refused. */
  acceptUnreadable?: string[]
}

/** `POST /v1/roster/proposals/{digest}/signatures`: one signature over the proposal's payload, as DSSE. */
export interface RosterSignature {
  keyid: string
  sig: string
}

/** How far the root rule of one roster is met. */
export interface RootProgress {
  version: number
  /** Names of the people who count. */
  signedBy: string[]
  threshold: number
}

export interface RosterProposalView extends RosterStep {
  /** Over the payload: what a signer compares. */
  digest: string
  state: 'WAITING' | 'CURRENT'
  /** By the roster in force and by the proposed one; both must be met. */
  progress: RootProgress[]
  /** `null` for one that is in force already. */
  proposedAt: string | null
  /** Policies whose live release readers may refuse once it is in force. */
  acceptUnreadable?: string[]
}
