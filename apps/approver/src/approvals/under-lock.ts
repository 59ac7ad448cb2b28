import { HmsError } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { lockedDocument, type Database, type Transaction } from '#libs/persistence'
import { APPROVALS, type Approval } from '../records/approval.table.js'

/**
 * Works on what was prepared under this digest, with its policies locked. A refusal that `work` answers is thrown when its transaction is
 * committed: what was written with it stays. Throws 404 `HMS_APPROVER_APPROVAL_UNKNOWN`.
 */
export async function underLock<T>(
  database: Database,
  digest: string,
  work: (tx: Transaction, approval: Approval) => Promise<T | HmsError>,
): Promise<T> {
  const answer = await database.transaction(async (tx) => {
    const approval = await lockedDocument(tx, APPROVALS, digest, ({ releases }) => releases.map(({ id }) => policyKey(id)))
    if (approval === undefined) throw unknown(digest)
    return work(tx, approval)
  })
  if (answer instanceof HmsError) throw answer
  return answer
}

function unknown(digest: string): HmsError {
  const detail = `Nothing was prepared under ${digest}; what was signed is not what this service prepared.`
  return new HmsError('HMS_APPROVER_APPROVAL_UNKNOWN', detail, { status: 404, next: ['hms-svc approve FILE --sign NAME'] })
}
