import {
  command,
  HmsError,
  isRollbackDossier,
  openDossier,
  reasonOf,
  type Change,
  type LoggedApproval,
  type ReceivedEvent,
  type ReleaseDocument,
  type RunDossier,
  type SigningReason,
  type StageFailure,
} from '#libs/contracts'
import { Outbox, policyKey, type HandlerResult } from '#libs/messaging'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { Rosters } from '#libs/service'
import { refusalByReaders, rollbackOf } from '#libs/signing'
import { isEndedOnArrival, optionsOf, withProof } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { GuardRollback } from '../rollbacks/guard-rollback.js'
import { RunRollout } from '../rollouts/run-rollout.js'
import { liveVersion, type LiveVersion } from '../stable/live-version.table.js'
import { reversalOf } from '../stable/stable-moves.js'
import { advance, stableOrNew, type Stable } from '../stable/stable.table.js'
import { judgeSignedRollback, type RefusedRollback } from './judge-signed-rollback.js'
import { SIGNED_ROLLBACKS, type SignedRollback } from './signed-rollback.table.js'

const HEAD_REFUSED = { reason: 'HEAD_REFUSED', detail: 'every config-store refused its head; the release before stays in force' }

/**
 * Reinstates a version that the newest approved release does not name as a fallback, by a new release that people signed. Like any
 * release, the new one is published only when its approval is in the log; its head is then issued like the head of any rollback.
 */
@Injectable()
export class RollBackSigned {
  constructor(
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly runRollout: RunRollout,
    private readonly guardRollback: GuardRollback,
  ) {}

  /** Handles an approval if it is a rollback; all other approvals go through the stages. */
  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<HandlerResult> {
    if (!isRollbackDossier(dossier)) return
    const { run, attempt } = dossier
    if (await isEndedOnArrival(this.outbox, tx, dossier, { stage: 'rollout', key: cause.key })) return 'ignored-stale'
    const { id: policy, releaseDigest: release } = dossier.releases[0]!
    const order = { release, run, attempt, policy, dossier, causationId: cause.id, traceparent: cause.traceparent ?? null }
    if (await this.carryOut(tx, order)) return
    await tx.documents(SIGNED_ROLLBACKS).put(order)
    const detail = 'waiting until the audit log contains the approval'
    await this.outbox.emit(tx, 'hms.rollout.started.v1', { run, attempt, detail }, optionsOf({ ...order, key: policy }))
  }

  /** Handles a logged approval, whose proofs are already stored. */
  async approvalLogged(tx: Transaction, approval: LoggedApproval): Promise<void> {
    for (const { digest } of approval.releases) {
      const order = await lockedDocument(tx, SIGNED_ROLLBACKS, digest, ({ policy }) => [policyKey(policy)])
      if (order !== undefined && (await this.carryOut(tx, order))) await tx.documents(SIGNED_ROLLBACKS).delete(digest)
    }
  }

  async discard(tx: Transaction, run: number): Promise<void> {
    for (const { release } of await tx.documents(SIGNED_ROLLBACKS).find({ where: { run } }))
      await tx.documents(SIGNED_ROLLBACKS).delete(release)
  }

  /** Issues the head, or fails the run; returns `false` while the proof of the release is missing. The caller holds the policy's lock. */
  private async carryOut(tx: Transaction, order: SignedRollback): Promise<boolean> {
    const { run, policy } = order
    const releases = await Promise.all(openDossier(order.dossier).releases.map((release) => withProof(tx, release)))
    const stable = await stableOrNew(tx, policy)
    const known = (await liveVersion(tx, policy, releases[0]!.version)) ?? versionInForce(stable, releases[0]!.version)
    const judged = judgeSignedRollback(releases, { stable, known }, this.rosters.newest)
    if ('reason' in judged) return this.fail(tx, order, judged)
    const release = releases[0]!
    if (this.rosters.newest.logPolicy !== undefined && release.proof === undefined) return false // guard: signed-rollback-logged-first
    const refusal = refusalByReaders(release, this.rosters.newest)
    if (refusal !== undefined) return this.fail(tx, order, { reason: 'READERS_REFUSE', detail: refusal.detail })
    for (const { id, name } of judged.approvedBy) {
      const denied = await this.guardRollback.execute(tx, [{ stable, to: release }], { id, name, kind: 'person' })
      if (denied instanceof HmsError) return this.fail(tx, order, { reason: 'GUARD_DENIED', detail: denied.detail })
    }
    const after = { ...advance(stable, release, run, [], tx.now), run: null }
    const change = changeOf(
      release,
      judged.approvedBy.map(({ name }) => name),
      order.dossier.reasons,
    )
    const { attempt, causationId, traceparent } = order
    await this.runRollout.moves.moveStable(
      tx,
      [{ before: stable, after, event: reversalOf(stable, after, { to: release, change, run }) }],
      {
        key: policy,
        of: { run, attempt, causationId },
        change,
        refused: { do: 'emit', type: 'hms.rollout.failed.v1', data: failureOf(order, HEAD_REFUSED) },
        postedIn: { traceparent: traceparent ?? undefined },
      },
    )
    return true
  }

  private async fail(tx: Transaction, order: SignedRollback, refusal: RefusedRollback): Promise<true> {
    await this.outbox.emit(tx, 'hms.rollout.failed.v1', failureOf(order, refusal), optionsOf({ ...order, key: order.policy }))
    return true
  }
}

/** Returns the release in force if it has `version`. People may sign this release again if readers now refuse its signatures. */
function versionInForce({ policy, current }: Stable, version: string): LiveVersion | undefined {
  return current?.version === version ? { policy, version, policyDigest: current.policyDigest } : undefined
}

function failureOf({ run, attempt, policy, dossier }: SignedRollback, { reason, detail }: RefusedRollback): StageFailure {
  return { run, attempt, reason, detail, next: [command('rollback', { policy, version: dossier.releases[0]!.version })] }
}

/** Builds the change. It has no statements: people signed the release itself, which has the public reason and is in the head. */
function changeOf(release: ReleaseDocument, by: string[], reasons: readonly SigningReason[] = []): Change {
  const publicReason = rollbackOf(release)?.reason ?? ''
  return {
    cause: 'rollback',
    by,
    reason: reasonOf(reasons) ?? (publicReason === '' ? null : publicReason),
    ...(publicReason === '' ? {} : { publicReason }),
    statements: [],
  }
}
