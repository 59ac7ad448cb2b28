import type { Envelope } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Proposed roster during its signing. Deleted once any next roster is in force. */
export interface ProposalRecord {
  /** Digest of the payload. */
  digest: string
  version: number
  envelope: Envelope
  proposedAt: string
  /** Policies whose live release may become unreadable. */
  acceptUnreadable?: string[]
}

export const ROSTER_PROPOSALS = documentTable<ProposalRecord>({ name: 'roster_proposal', id: ({ digest }) => digest, keys: {} })

/** Maximum number of open proposals, and bytes of one, because a roster is published in one message. */
export const MAX_PROPOSALS = 20
export const MAX_PROPOSAL_BYTES = 256 * 1024
