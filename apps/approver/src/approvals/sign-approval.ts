import { action, HmsError, type ApprovalRequest, type ApprovalView } from '#libs/contracts'
import { Database, Timers, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { GuardApproval } from './guard-approval.js'
import { quarantined, quarantineError } from '../policies/quarantine.js'
import { QueueRun } from '../runs/queue-run.js'
import { requireReviewed } from '../tickets/review-lock.table.js'
import { runOf } from '../runs/run.table.js'
import { SaveRun } from '../runs/save-run.js'
import { approvalClosed, approvalView, overtakenMember } from './approval-view.js'
import {
  type Approval,
  APPROVAL_EXPIRY,
  approvalExpiryId,
  APPROVALS,
  breakGlassIn,
  isRollback,
  keysOfApproval,
  signedSiblings,
} from '../runs/approval.table.js'
import { EndStale } from '../runs/end-stale.js'
import { KeepPreparations } from './keep-preparations.js'
import { openRun, recordSignatures } from './open-run.js'
import { missingOf, recordsOf } from './prepare-approval.js'
import { requireEventsFit } from './run-size.js'
import { signerOf, underLock, withSignatures } from './signer-of.js'

/** Accepts one person's signatures over prepared bytes. The first signature assigns the run number, the last one queues the run. */
@Injectable()
export class SignApproval {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly timers: Timers,
    private readonly queueRun: QueueRun,
    private readonly saveRun: SaveRun,
    private readonly endStale: EndStale,
    private readonly guardApproval: GuardApproval,
    private readonly preparations: KeepPreparations,
  ) {}

  execute(request: ApprovalRequest): Promise<ApprovalView> {
    return underLock(this.database, this.rosters.newest, request, (tx, approval) => this.sign(tx, approval, request))
  }

  private async sign(tx: Transaction, approval: Approval, request: ApprovalRequest): Promise<ApprovalView | HmsError> {
    const run = await runOf(tx, approval.run)
    const signer = signerOf(this.rosters.newest, approval, request)
    if (breakGlassIn(approval) !== undefined) throw signedAlone() // guard: break-glass-together
    if (approval.signedBy.includes(signer)) return approvalView(approval, run)
    if (approval.state !== 'prepared' && approval.state !== 'waiting') throw approvalClosed(approval, approvalView(approval, run))
    if (Date.parse(approval.expiresAt) <= tx.now.getTime()) {
      const detail = 'This approval has expired. Prepare it again.'
      throw new HmsError('HMS_APPROVER_APPROVAL_EXPIRED', detail, { status: 409, next: [action('approve')] })
    }
    if (run === undefined) await requireUnsigned(tx, approval) // guard: prepare-signed-wins
    const found = run === undefined ? await quarantined(tx, approval) : undefined // guard: quarantine-signature
    if (found !== undefined) throw quarantineError(found, action('approve'))
    // Even a person with an overdue break-glass review may sign a rollback.
    if (!isRollback(approval)) await requireReviewed(tx, this.rosters.newest, signer) // guards: break-glass-locks, break-glass-way-back
    const denied = await this.guardApproval.execute(tx, approval, signer)
    if (denied !== undefined) return denied // guard: guard-signature
    const releases = withSignatures(approval.releases, request)
    // Checked again: the roster may now require more signatures than at preparation.
    const records = await recordsOf(
      tx,
      releases.map(({ id }) => id),
      approval.storedHeads,
    )
    const live = [...records.values()].map((record) => record.live)
    requireEventsFit(this.rosters.newest, { releases, live, plan: approval.plan })
    const missing = missingOf(this.rosters.newest, releases)
    const opened = run ?? (await openRun(tx, approval))
    const signed: Approval = {
      ...approval,
      releases,
      missing,
      run: opened.facts.run,
      state: missing.length === 0 ? 'complete' : 'waiting',
      signedBy: [...approval.signedBy, signer],
      reasons: [...(approval.reasons ?? []), ...(request.reason === undefined ? [] : [{ name: signer, reason: request.reason }])],
    }
    await tx.documents(APPROVALS).put(signed)
    if (run === undefined) await this.preparations.delete(tx, signed.digest)
    await recordSignatures(tx, signed)
    if (missing.length > 0) {
      await this.timers.schedule(tx, {
        id: approvalExpiryId(signed.digest),
        kind: APPROVAL_EXPIRY,
        keys: keysOfApproval(signed),
        data: { digest: signed.digest, run: opened.facts.run },
        dueAt: new Date(signed.expiresAt),
      })
      await this.saveRun.execute(tx, opened)
      const current = await this.endStale.endIfStale(tx, opened.facts.run)
      return { ...approvalView(signed, current), ...(await overtakenMember(tx, signed)) }
    }
    await this.timers.cancel(tx, approvalExpiryId(signed.digest))
    const queued = { ...opened, facts: { ...opened.facts, approvedAt: tx.now.toISOString() } }
    const start = queued.facts.isRollback === true ? 'startRollback' : 'execute'
    const started = await this.queueRun[start](tx, queued, signed)
    return { ...approvalView(signed, started), ...(await overtakenMember(tx, signed)) }
  }
}

/** Error for a single signature on break-glass: such signatures are accepted only together. */
function signedAlone(): HmsError {
  const detail = 'This was prepared as break-glass: all signers must sign together, in one request.'
  return new HmsError('HMS_BREAK_GLASS_ALONE', detail, { status: 403, next: [action('break-glass')] })
}

/** Throws if another preparation of the same files was signed meanwhile: only one plan is rolled out, the signed one. */
async function requireUnsigned(tx: Transaction, approval: Approval): Promise<void> {
  const other = (await signedSiblings(tx, approval.members))[0]
  if (other === undefined) return
  throw new HmsError(
    'HMS_APPROVER_SIGNED_OTHERWISE',
    `Another preparation of the same files was signed meanwhile (${other.digest}). To countersign it, approve again without plan options.`,
    {
      status: 409,
      next: [action('approvals.show', { digest: other.digest }), action('approve')],
      state: { digest: other.digest, run: other.run },
    },
  )
}
