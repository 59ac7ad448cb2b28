import { peekPredicate, type ReleaseDocument } from '#libs/contracts'
import { Timers, type Transaction } from '#libs/persistence'
import { endEarly, isSupersedable, stateOf } from '#libs/pipeline'
import { effectiveMs, type ReleasePredicate } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { quarantined, describeQuarantine, type Quarantined } from '../policies/quarantine.js'
import { policyAt, type PolicyRecord, predecessorOf } from '../policies/policy.table.js'
import { withStoredHead } from '../policies/stored-heads.js'
import { runOf, type RunRecord } from './run.table.js'
import { APPROVAL_MOVED, SaveRun } from './save-run.js'
import { type Approval, approvalOfRun, APPROVALS, closeApproval, isRollback } from './approval.table.js'
import { startTimesOf } from '#libs/service'

/** Ends a run as STALE if its approval follows a release that is no longer live, because such a run would revert later changes. */
@Injectable()
export class EndStale implements OnModuleInit {
  constructor(
    private readonly timers: Timers,
    private readonly saveRun: SaveRun,
  ) {}

  onModuleInit(): void {
    this.timers.on(APPROVAL_MOVED, async (tx, { data }) => void (await this.endIfStale(tx, data.run)))
  }

  execute(tx: Transaction, record: RunRecord, approval: Approval, moved: PolicyRecord): Promise<RunRecord> {
    const live = requiredPredecessor(approval, moved)
    const remedy = isRollback(approval) ? 'sign the rollback again' : 'approve the file again'
    return this.end(
      tx,
      record,
      approval,
      'LIVE_MOVED',
      `the live version of ${moved.id} changed to ${live?.version ?? 'none'} after this was prepared; ${remedy}`,
    )
  }

  /** Ends a run because one of its versions was rolled back after people had approved it. */
  quarantine(tx: Transaction, record: RunRecord, approval: Approval, found: Quarantined): Promise<RunRecord> {
    return this.end(tx, record, approval, 'QUARANTINED', `${describeQuarantine(found)}; approve the file again`)
  }

  /** Ends a run. `reason`, `detail`: why its releases must not be rolled out. */
  async end(tx: Transaction, record: RunRecord, approval: Approval, reason: string, detail: string): Promise<RunRecord> {
    const ended = { ...record, facts: endEarly(record.facts, { state: 'STALE', reason, detail, at: tx.now.toISOString() }) }
    await closeApproval(tx, this.timers, approval, 'stale')
    await this.saveRun.execute(tx, ended)
    return ended
  }

  /** Ends the run if it is stale and waits for signatures; other runs are checked at their turn. The caller has locked its policies. */
  async endIfStale(tx: Transaction, run: number): Promise<RunRecord | undefined> {
    const record = await runOf(tx, run)
    const approval = record === undefined ? undefined : await tx.documents(APPROVALS).get(record.approval)
    if (record === undefined || approval === undefined || stateOf(record.facts) !== 'AWAITING_APPROVAL') return record
    for (const { id } of record.facts.policies) {
      const policy = await policyAt(tx, id)
      if (policy === undefined) continue
      const known = withStoredHead(policy, approval.storedHeads, tx.now)
      if (await this.isStale(tx, known, approval)) return this.execute(tx, record, approval, known)
    }
    const found = await quarantined(tx, approval)
    return found === undefined ? record : this.quarantine(tx, record, approval, found) // guard: quarantine-waiting
  }

  /** Whether the approval follows neither the live release nor the release of a run ahead, which `--queue` permits. */
  private async isStale(tx: Transaction, policy: PolicyRecord, approved: Approval): Promise<boolean> {
    // guard: effective-superseded-not-stale
    if (followsLive(approved, approved.supersede === true ? await afterSuperseding(tx, policy) : policy)) return false
    const previous = previousOf(approved, policy.id)
    for (const ahead of [policy.active, ...policy.queue]) {
      const approval = await approvalOfRun(tx, ahead)
      if (approval?.releases.some(({ releaseDigest }) => releaseDigest === previous) === true) return false
    }
    return true
  }
}

export function previousOf(approval: Approval, policyId: string): string | null {
  const release = approval.releases.find((candidate) => candidate.id === policyId)!
  return peekPredicate<ReleasePredicate>(release.envelope).previous?.digest ?? null
}

/** Whether the approval follows the release that it must follow now, see `predecessorOf`. */
export function followsLive(approval: Approval, policy: PolicyRecord): boolean {
  return previousOf(approval, policy.id) === (requiredPredecessor(approval, policy)?.releaseDigest ?? null)
}

/** Returns the release that the approved release must follow now, see `predecessorOf`. */
function requiredPredecessor(approval: Approval, policy: PolicyRecord): ReleaseDocument | null {
  const release = approval.releases.find(({ id }) => id === policy.id)!
  return predecessorOf(policy, effectiveMs(peekPredicate<ReleasePredicate>(release.envelope).policy))
}

/** Whether a superseding release may end the run. A rollout may end only while all its releases' effective times are ahead. */
export async function mayBeSuperseded(tx: Transaction, { facts, approval }: RunRecord): Promise<boolean> {
  const { releases } = (await tx.documents(APPROVALS).get(approval))!
  return isSupersedable(facts, startTimesOf(releases, tx.now).size === releases.length) // guard: effective-superseded-whole
}

/** Returns the policy as a superseding release will find it: without the held release of the run in progress, which is dropped first. */
export async function afterSuperseding(tx: Transaction, policy: PolicyRecord): Promise<PolicyRecord> {
  const { next, ...rest } = policy
  const run = next === undefined ? undefined : await runOf(tx, policy.active)
  if (run === undefined) return policy
  const { releases } = (await tx.documents(APPROVALS).get(run.approval))!
  const isOfRun = releases.some(({ releaseDigest }) => releaseDigest === next?.release.releaseDigest)
  return isOfRun && (await mayBeSuperseded(tx, run)) ? rest : policy // guard: effective-superseded-follows-live
}
