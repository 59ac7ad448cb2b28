import { HmsError, type PlanOptions, type PreparedApproval } from '#libs/contracts'
import type { ApiClient } from '../api/api-client.js'
import { otherPlan } from './prepare-approval.js'
import { mismatch, readPrepared } from './read-prepared.js'

/**
 * Reads an approval that others have signed, by its digest. Other requested options must equal those in the bytes: a later signer changes
 * nothing. Throws `HMS_APPROVAL_MISMATCH` (502) for other bytes, `HMS_APPROVER_PLAN_DIFFERS` (409) for another plan or author, and
 * `HMS_BREAK_GLASS_ALONE` (403) for break-glass, which is signed in one request.
 */
export async function readApproval(
  api: ApiClient,
  digest: string,
  plan: PlanOptions = {},
  { author, supersede = false }: { author?: string; supersede?: boolean } = {},
): Promise<PreparedApproval> {
  const { prepared, predicates } = readPrepared(await api.get('/v1/approvals/{digest}/prepared', { digest }))
  if (prepared.digest !== digest) throw mismatch(`bytes of digest ${prepared.digest} for ${digest}`)
  if (prepared.breakGlass !== undefined) {
    const detail = 'This was prepared as break-glass: those who sign it do so together, in one request.'
    throw new HmsError('HMS_BREAK_GLASS_ALONE', detail, {
      status: 403,
      next: ['hms-svc break-glass FILE --sign NAME --sign NAME --reason TEXT'],
    })
  }
  const other =
    predicates.map((release) => otherPlan(plan, release)).find((each) => each !== undefined) ??
    (author !== undefined && !prepared.authors.includes(author) ? 'another author' : undefined) ??
    (supersede && prepared.supersede !== true ? 'no end of runs that are under way' : undefined)
  if (other === undefined) return prepared
  throw new HmsError(
    'HMS_APPROVER_PLAN_DIFFERS',
    `What others signed says ${other} than is asked for. Leave the option out to countersign it.`,
    {
      status: 409,
      next: [`hms-svc approvals show ${digest}`],
    },
  )
}
