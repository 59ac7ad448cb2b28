import type { Envelope } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** A next roster that people are signing. It is forgotten once any next roster is in force. */
export interface ProposalRecord {
  /** Over the payload. */
  digest: string
  version: number
  envelope: Envelope
  proposedAt: string
  /** Policies whose live release may become unreadable. */
  acceptUnreadable?: string[]
}

export const ROSTER_PROPOSALS = documentTable<ProposalRecord>({ name: 'roster_proposal', id: ({ digest }) => digest, keys: {} })

/** Proposals that wait at one time, and the bytes of one: they travel in one message. */
export const MAX_PROPOSALS = 20
export const MAX_PROPOSAL_BYTES = 256 * 1024
