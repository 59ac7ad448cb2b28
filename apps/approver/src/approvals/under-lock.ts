import { action, HmsError, type ApprovalRequest } from '#libs/contracts'
import { lockedDocument, type Database, type Transaction } from '#libs/persistence'
import type { Roster } from '#libs/signing'
import { APPROVALS, keysOfApproval, type Approval } from '../runs/approval.table.js'
import { isSignedBy, requireKnownSigners, requireLiveSigners } from './signer-of.js'

/**
 * Runs `work` on the prepared approval of a request's digest, with its policies locked. A refusal returned by `work` is thrown after the
 * commit, so its writes stay. Throws 403 `HMS_APPROVER_SIGNER_UNKNOWN`, `_KEY_ENDED`, `_SIGNATURE_INVALID` first; the last also if nothing
 * was prepared: the response must not depend on what exists until a signature counts.
 */
export async function underLock<T>(
  database: Database,
  roster: Roster,
  request: Pick<ApprovalRequest, 'digest' | 'signatures'>,
  work: (tx: Transaction, approval: Approval) => Promise<T | HmsError>,
): Promise<T> {
  requireKnownSigners(roster, request)
  const answer = await database.transaction(async (tx) => {
    requireLiveSigners(roster, request, tx.now)
    const known = await tx.documents(APPROVALS).get(request.digest)
    if (known === undefined || !isSignedBy(roster, known, request.signatures[0]!)) throw unmatched()
    const approval = await lockedDocument(tx, APPROVALS, request.digest, keysOfApproval)
    if (approval === undefined) throw unmatched()
    return work(tx, approval)
  })
  if (answer instanceof HmsError) throw answer
  return answer
}

function unmatched(): HmsError {
  const detail =
    'The signature matches nothing that was prepared here under this digest, or that is kept no longer. Prepare it again, and sign that.'
  return new HmsError('HMS_APPROVER_SIGNATURE_INVALID', detail, { status: 403, next: [action('approve')] })
}
