import type { RosterProposalView } from '#libs/contracts'
import { rootState, type Roster } from '#libs/signing'
import type { ProposalRecord } from './proposal.table.js'

/** Returns the signers for the roster in force and for the proposed one, with the thresholds of both. */
export function proposalView(record: ProposalRecord, current: Roster, proposed: Roster): RosterProposalView {
  const { digest, version, envelope, proposedAt, acceptUnreadable } = record
  const progress = [current, proposed].map((judge) => {
    const { signed, threshold } = rootState(envelope, judge)
    return { version: judge.version, signedBy: signed.map(({ name }) => name), threshold }
  })
  const state = progress.every(({ signedBy, threshold }) => signedBy.length >= threshold) ? 'CURRENT' : 'WAITING'
  return { digest, version, envelope, state, progress, proposedAt, ...(acceptUnreadable === undefined ? {} : { acceptUnreadable }) }
}
