import {
  action,
  HmsError,
  type Change,
  type IssuedHeads,
  type ReleaseDocument,
  type WithdrawalRequest,
  type WithdrawalResult,
} from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { approvalRequirement, countsOnRelease, digestOfPayload, readRelease, refOf, type ReleasePredicate } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { RunRollout } from '../rollouts/run-rollout.js'
import { stableOf, withoutRelease, type MoveEvent, type Stable } from '../stable/stable.table.js'
import { readWithdrawal, requireSignedLately, verifyWithdrawal } from './read-withdrawal.js'
import { WITHDRAWALS, type Withdrawal } from './withdrawal.table.js'

/** Time in ms that a signature waits for the signatures of other people. */
const WAIT_MS = 24 * 60 * 60_000
/** Limit of waiting signatures of one release; one per person. */
const MAX_READ = 1_000

type Outcome = Omit<WithdrawalResult, 'revision' | 'stored'> & {
  issued?: IssuedHeads
  /** Digest of the withdrawn release. */ release?: string
}

/**
 * Withdraws a policy when its withdrawal has as many signatures as the approval of its release requires. The signed head names no release;
 * it is committed first, then posted to every config-store at once, without waiting for a broker.
 */
@Injectable()
export class Withdraw {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly runRollout: RunRollout,
  ) {}

  async execute({ policy, statement }: WithdrawalRequest): Promise<WithdrawalResult> {
    // Verified before the policy is locked: the response to an unauthorised caller must not depend on which policies exist.
    verifyWithdrawal(statement, this.rosters.newest) // guard: strangers-withdrawal
    const { issued, release, ...outcome } = await this.database.locked([policyKey(policy)], (tx) =>
      this.addSignature(tx, policy, statement),
    )
    const { seq } = outcome
    if (seq === null) return { ...outcome, revision: 0, stored: [] }
    const delivered = await this.runRollout.moves.deliver(issued, new Map([[policy, seq]]), (tx) => deleteSignatures(tx, release!))
    return { ...outcome, ...delivered }
  }

  private async addSignature(tx: Transaction, policy: string, statement: WithdrawalRequest['statement']): Promise<Outcome> {
    const { predicate } = verifyWithdrawal(statement, this.rosters.newest, tx.now) // guard: strangers-withdrawal
    const stable = await stableOf(tx, policy)
    const known = await tx.documents(WITHDRAWALS).get(digestOf(statement))
    if (known?.policy === policy && known.state === 'carried-out') return this.earlierOutcome(tx, known) // guard: withdrawal-once
    // The holder of an old statement must not learn from the response which release is live.
    requireSignedLately(predicate.at, tx.now) // guard: strangers-withdrawal
    const current = stable?.current ?? null
    if (stable === undefined || current === null)
      throw new HmsError('HMS_ROLLOUT_NOTHING_LIVE', `Nothing is live for ${policy}.`, { status: 404, next: [action('runs.list')] })
    const { id, person, reason, publicReason } = readWithdrawal(statement, current, this.rosters.newest, tx.now)
    const signed: Withdrawal = {
      id,
      policy,
      release: current.releaseDigest,
      version: current.version,
      by: person.id,
      reason,
      ...(publicReason === undefined ? {} : { publicReason }),
      statement,
      signedAt: tx.now.toISOString(),
      state: 'waiting',
      seq: null,
    }
    const all = [...(await this.waitingOf(tx, current, person.id)), signed]
    const { role, threshold } = approvalRequirement(this.rosters.newest, predicateOf(current))
    await tx.documents(WITHDRAWALS).put(signed)
    const progress = { id: policy, version: current.version, signedBy: all.map(({ by }) => this.nameOf(by)) }
    // guard: withdrawal-threshold
    if (all.length < threshold) return { ...progress, state: 'AWAITING_APPROVAL', missing: [role], seq: null }
    const issued = await this.retire(tx, stable, current, all)
    return { ...progress, state: 'WITHDRAWN', missing: [], seq: stable.seq + 1, issued, release: current.releaseDigest }
  }

  private async retire(tx: Transaction, stable: Stable, current: ReleaseDocument, signed: Withdrawal[]): Promise<IssuedHeads> {
    const { policy } = stable
    const after = withoutRelease(stable, tx.now)
    const { reason, publicReason } = signed.at(-1)!
    const by = signed.map((each) => this.nameOf(each.by))
    const reasons = { reason, ...(publicReason === undefined ? {} : { publicReason }) }
    const statements = signed.map(({ statement }) => statement)
    const change: Change = { cause: 'withdrawal', by, ...reasons, statements: statements.map((envelope) => ({ envelope })) }
    const from = refOf(current)
    const event: MoveEvent = { type: 'hms.rollout.withdrawn.v1', data: { policy, from, seq: after.seq, ...reasons, by, statements } }
    const issued = await this.runRollout.moves.moveStable(tx, [{ before: stable, after, event }], { key: policy, change })
    for (const each of signed) await tx.documents(WITHDRAWALS).put({ ...each, state: 'carried-out', seq: after.seq })
    return issued
  }

  /** Returns waiting signatures of other people that still count, oldest first. Deletes earlier signatures of the same person. */
  private async waitingOf(tx: Transaction, current: ReleaseDocument, person: string): Promise<Withdrawal[]> {
    const roster = this.rosters.newest
    const found = await tx.documents(WITHDRAWALS).find({ where: { release: current.releaseDigest, state: 'waiting' }, limit: MAX_READ })
    for (const { id, by } of found) if (by === person) await tx.documents(WITHDRAWALS).delete(id)
    const since = tx.now.getTime() - WAIT_MS
    const counts = (by: string): boolean => {
      const other = roster.principals.get(by)
      return other !== undefined && by !== person && countsOnRelease(roster, other, predicateOf(current)) // guard: withdrawal-each-once
    }
    return found
      .filter(({ by, signedAt }) => counts(by) && Date.parse(signedAt) > since)
      .sort((a, b) => Date.parse(a.signedAt) - Date.parse(b.signedAt))
  }

  /** Returns the outcome of a statement that was carried out before: the response to the first call may have been lost. */
  private async earlierOutcome(tx: Transaction, { policy, release, version, seq }: Withdrawal): Promise<Outcome> {
    const signed = await tx.documents(WITHDRAWALS).find({ where: { release, state: 'carried-out' }, limit: MAX_READ })
    return { id: policy, version, state: 'WITHDRAWN', signedBy: signed.map(({ by }) => this.nameOf(by)), missing: [], seq }
  }

  private nameOf(id: string): string {
    return this.rosters.newest.nameOf(id)
  }
}

function predicateOf({ envelope }: ReleaseDocument): ReleasePredicate {
  return readRelease(envelope).predicate
}

/** Deletes the signatures of a withdrawal that every config-store refused. */
async function deleteSignatures(tx: Transaction, release: string): Promise<void> {
  const signed = await tx.documents(WITHDRAWALS).find({ where: { release, state: 'carried-out' }, limit: MAX_READ })
  for (const { id } of signed) await tx.documents(WITHDRAWALS).delete(id)
}

/** Returns the digest of the statement; `''` for an invalid envelope, which is refused when it is read. */
function digestOf(statement: WithdrawalRequest['statement']): string {
  return typeof statement.payload === 'string' ? digestOfPayload(statement) : ''
}
