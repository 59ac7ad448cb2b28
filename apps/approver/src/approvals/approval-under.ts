import { HmsError } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { APPROVALS, type Approval } from '../records/approval.table.js'

/** What was prepared under this digest. Throws 404 `HMS_APPROVER_APPROVAL_UNKNOWN`. */
export async function approvalUnder(tx: Transaction, digest: string): Promise<Approval> {
  const approval = await tx.documents(APPROVALS).get(digest)
  if (approval !== undefined) return approval
  throw new HmsError(
    'HMS_APPROVER_APPROVAL_UNKNOWN',
    `Nothing was prepared under ${digest}; what was signed is not what this service prepared.`,
    {
      status: 404,
      next: ['hms-svc approve FILE --sign NAME'],
    },
  )
}
