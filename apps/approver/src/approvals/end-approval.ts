import { action, HmsError, MAX_REASON, type StatementRequest, type ApprovalView } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, lockedDocument, Timers, type Transaction } from '#libs/persistence'
import { endEarly } from '#libs/pipeline'
import { Rosters } from '#libs/service'
import { readDecision, orRefusal, SignatureError, type DecisionPredicate, type Principal } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { refusalOfSignature } from '../runs/decide-run.js'
import { runOf, type RunRecord } from '../runs/run.table.js'
import { SaveRun } from '../runs/save-run.js'
import { approvalUnknown, approvalView } from './approval-view.js'
import { isInvolved } from './signer-of.js'
import { APPROVAL_EXPIRY, APPROVALS, closeApproval, keysOfApproval, type Approval } from '../runs/approval.table.js'

/** Ends a waiting approval and its run, when one person signs a rejection or when the approval expires. */
@Injectable()
export class EndApproval implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly saveRun: SaveRun,
  ) {}

  onModuleInit(): void {
    this.timers.on(APPROVAL_EXPIRY, (tx, { data }) => this.expire(tx, data.digest))
  }

  /** Rejects an approval. Allowed to people who may approve it and, as a withdrawal, to its author. */
  async reject(digest: string, { statement }: StatementRequest): Promise<ApprovalView> {
    return this.database.transaction(async (tx) => {
      const { person, decision } = this.read(digest, statement, tx.now)
      const approval = await lockedDocument(tx, APPROVALS, digest, keysOfApproval)
      if (approval === undefined) throw approvalUnknown(digest)
      if (!approval.releases.some((release) => isInvolved(this.rosters.newest, release, person.id))) {
        const detail = `${person.name} is neither an author of this approval nor allowed to approve it.`
        throw new HmsError('HMS_APPROVER_NOT_YOURS_TO_REJECT', detail, { status: 403, next: [action('roster.show')] })
      }
      return this.end(tx, approval, person, decision, statement)
    })
  }

  private async expire(tx: Transaction, digest: string): Promise<void> {
    const approval = await tx.documents(APPROVALS).get(digest)
    if (approval === undefined || approval.state !== 'waiting') return
    await tx.documents(APPROVALS).put({ ...approval, state: 'expired' })
    const record = await runOf(tx, approval.run)
    if (record === undefined) return
    await this.abort(tx, record, 'EXPIRED', `still missing at ${approval.expiresAt}: ${approval.missing.join(', ')}`)
  }

  private async abort(tx: Transaction, record: RunRecord, reason: 'REJECTED' | 'EXPIRED', detail: string): Promise<RunRecord> {
    const ended = { ...record, facts: endEarly(record.facts, { state: 'ABORTED', reason, detail, at: tx.now.toISOString() }) }
    await this.saveRun.execute(tx, ended)
    return ended
  }

  private async end(
    tx: Transaction,
    approval: Approval,
    person: Principal,
    { reason, publicReason }: DecisionPredicate,
    statement: StatementRequest['statement'],
  ): Promise<ApprovalView> {
    const record = await runOf(tx, approval.run)
    if (approval.state !== 'waiting' || record === undefined) {
      throw new HmsError('HMS_APPROVER_APPROVAL_CLOSED', `This approval is ${approval.state}: there is nothing to reject.`, {
        status: 409,
        next: approval.run === null ? [action('approvals.list')] : [action('runs.show', { run: approval.run })],
        state: approvalView(approval, record),
      })
    }
    const { run, attempt } = record.facts
    const detail = `${person.name}: ${reason}`
    const publicPart = publicReason === undefined ? {} : { publicReason }
    await closeApproval(tx, this.timers, approval, 'rejected')
    await this.outbox.emit(
      tx,
      'hms.approval.rejected.v1',
      { run, attempt, approval: approval.digest, by: person.name, reason, ...publicPart, statement },
      { key: record.key, run, attempt },
    )
    return approvalView(approval, await this.abort(tx, record, 'REJECTED', detail))
  }

  private read(digest: string, statement: unknown, now: Date): { person: Principal; decision: DecisionPredicate } {
    const roster = this.rosters.newest
    const read = orRefusal(() => readDecision(statement, roster.keysOfKind('person', now.toISOString())))
    if (read instanceof SignatureError) throw refusalOfSignature(read)
    const { predicate: decision, keyids } = read
    if (
      decision.subject === digest &&
      decision.decision === 'reject' &&
      Math.max(decision.reason.length, decision.publicReason?.length ?? 0) <= MAX_REASON
    )
      return { person: roster.principalOfKey(keyids[0]!)!, decision }
    const detail = `The signed statement is not a rejection of ${digest} with a reason of at most ${MAX_REASON} characters.`
    throw new HmsError('HMS_APPROVER_DECISION_OTHER', detail, { status: 422 })
  }
}
