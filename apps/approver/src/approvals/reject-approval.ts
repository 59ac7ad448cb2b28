import { action, HmsError, MAX_REASON, type StatementRequest, type ApprovalView } from '#libs/contracts'
import { Outbox, policyKey } from '#libs/messaging'
import { Database, lockedDocument, Timers, type Transaction } from '#libs/persistence'
import { endEarly } from '#libs/pipeline'
import { Rosters } from '#libs/service'
import {
  approvalRequirement,
  authorsOf,
  readDecision,
  readRelease,
  SignatureError,
  type DecisionPredicate,
  type Principal,
} from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { RUNS } from '../runs/run.table.js'
import { SaveRun } from '../runs/save-run.js'
import { approvalView } from './approval-view.js'
import { approvalExpiryId, APPROVALS, type Approval } from '../runs/approval.table.js'

/** Ends a waiting approval by one person's signed rejection. People who could approve it may reject it, and its author may withdraw it. */
@Injectable()
export class RejectApproval {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly saveRun: SaveRun,
  ) {}

  async execute(digest: string, { statement }: StatementRequest): Promise<ApprovalView> {
    return this.database.transaction(async (tx) => {
      const { person, decision } = this.read(digest, statement, tx.now)
      const approval = await lockedDocument(tx, APPROVALS, digest, ({ releases }) => releases.map(({ id }) => policyKey(id)))
      if (approval === undefined)
        throw new HmsError('HMS_APPROVER_APPROVAL_UNKNOWN', `There is no approval ${digest}.`, {
          status: 404,
          next: [action('approvals.list')],
        })
      this.requireHis(approval, person)
      return this.reject(tx, approval, person, decision, statement)
    })
  }

  private async reject(
    tx: Transaction,
    approval: Approval,
    person: Principal,
    { reason, publicReason }: DecisionPredicate,
    statement: StatementRequest['statement'],
  ): Promise<ApprovalView> {
    const record = approval.run === null ? undefined : await tx.documents(RUNS).get(String(approval.run))
    if (approval.state !== 'waiting' || record === undefined) {
      throw new HmsError('HMS_APPROVER_APPROVAL_CLOSED', `This approval is ${approval.state}: there is nothing to reject.`, {
        status: 409,
        next: approval.run === null ? [action('approvals.list')] : [action('runs.show', { run: approval.run })],
        state: approvalView(approval, record),
      })
    }
    const { run, attempt } = record.facts
    const detail = `${person.name}: ${reason}`
    const said = publicReason === undefined ? {} : { publicReason }
    const ended = {
      ...record,
      facts: endEarly(record.facts, { state: 'ABORTED' as const, reason: 'REJECTED', detail, at: tx.now.toISOString() }),
    }
    const rejected: Approval = { ...approval, state: 'rejected' }
    await this.timers.cancel(tx, approvalExpiryId(approval.digest))
    await tx.documents(APPROVALS).put(rejected)
    await this.outbox.emit(
      tx,
      'hms.approval.rejected.v1',
      { run, attempt, approval: approval.digest, by: person.name, reason, ...said, statement },
      { key: record.key, run, attempt },
    )
    await this.saveRun.execute(tx, ended)
    return approvalView(rejected, ended)
  }

  private read(digest: string, statement: unknown, now: Date): { person: Principal; decision: DecisionPredicate } {
    const roster = this.rosters.newest
    try {
      const { predicate: decision, keyids } = readDecision(statement, roster.keysOfKind('person', now.toISOString()))
      const person = roster.principalOfKey(keyids[0]!)!
      if (decision.subject === digest && decision.decision === 'reject' && isBounded(decision)) return { person, decision }
      throw new HmsError(
        'HMS_APPROVER_DECISION_OTHER',
        `What was signed is no rejection of ${digest} with a reason of at most ${MAX_REASON} characters.`,
        { status: 422 },
      )
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error
      if (error.code === 'HMS_SIGNATURE_UNKNOWN_KEY') {
        throw new HmsError('HMS_APPROVER_SIGNER_UNKNOWN', `No person of the roster signed this: ${error.detail}.`, {
          status: 403,
          cause: error,
          next: [action('keys.list')],
        })
      }
      throw new HmsError('HMS_APPROVER_SIGNATURE_INVALID', `The decision does not verify: ${error.detail}.`, { status: 403, cause: error })
    }
  }

  private requireHis({ releases }: Approval, person: Principal): void {
    const roster = this.rosters.newest
    const isTheirs = releases.some(({ envelope }) => {
      const { predicate } = readRelease(envelope)
      return (
        approvalRequirement(roster, predicate).eligible.includes(person.id) ||
        authorsOf(roster, predicate.author).some(({ id }) => id === person.id)
      )
    })
    if (isTheirs) return
    throw new HmsError('HMS_APPROVER_NOT_YOURS_TO_REJECT', `${person.name} neither wrote this nor is among those who may approve it.`, {
      status: 403,
      next: [action('roster.show')],
    })
  }
}

function isBounded({ reason, publicReason = '' }: DecisionPredicate): boolean {
  return reason.length <= MAX_REASON && publicReason.length <= MAX_REASON
}
