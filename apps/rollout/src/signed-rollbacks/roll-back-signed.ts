import {
  HmsError,
  isRollbackDossier,
  openDossier,
  reasonOf,
  type Change,
  type EventData,
  type EventType,
  type LoggedApproval,
  type ReceivedEvent,
  type ReleaseDocument,
  type RunDossier,
  type SigningReason,
} from '#libs/contracts'
import { policyKey, type EventAnswer } from '#libs/messaging'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { refusalByReaders, rollbackOf } from '#libs/signing'
import { DirectHeadDelivery, ServiceRuntime } from '#libs/service'
import { abortedBefore, withProof } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { GuardRollback } from '../rollbacks/guard-rollback.js'
import { RunRollout } from '../rollouts/run-rollout.js'
import { liveVersion, type LiveVersion } from '../stable/live-version.table.js'
import { StableHeads } from '../stable/stable-heads.js'
import { advance, reversedOf, stableOrNew, type Stable } from '../stable/stable.table.js'
import { judgeSignedRollback, type RefusedRollback } from './judge-signed-rollback.js'
import { SIGNED_ROLLBACKS, type SignedRollback } from './signed-rollback.table.js'

/**
 * Brings back a version that no fallback names, by a release that people signed for it. Like any release it is shown to nobody before its
 * approval is in the log; then its head goes out as that of a rollback does.
 */
@Injectable()
export class RollBackSigned {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly heads: StableHeads,
    private readonly runRollout: RunRollout,
    private readonly carrier: DirectHeadDelivery,
    private readonly guardRollback: GuardRollback,
  ) {}

  /** Every approval comes here; all but rollbacks go through the stages. */
  async open(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    if (!isRollbackDossier(dossier)) return
    const { run, attempt } = dossier
    if (await abortedBefore(this.runtime, tx, dossier, { stage: 'rollout', key: cause.key })) return 'ignored-stale'
    const { id: policy, releaseDigest: release } = dossier.releases[0]!
    const order = { release, run, attempt, policy, dossier, causationId: cause.id, traceparent: cause.traceparent ?? null }
    if (await this.carryOut(tx, order)) return
    await tx.documents(SIGNED_ROLLBACKS).put(order)
    const detail = 'waiting for the audit log to hold the approval'
    await this.emit(tx, order, 'hms.rollout.started.v1', { run, attempt, detail })
  }

  /** The proofs of this approval are kept already. */
  async logged(tx: Transaction, approval: LoggedApproval): Promise<void> {
    for (const { digest } of approval.releases) {
      const order = await lockedDocument(tx, SIGNED_ROLLBACKS, digest, ({ policy }) => [policyKey(policy)])
      if (order !== undefined && (await this.carryOut(tx, order))) await tx.documents(SIGNED_ROLLBACKS).delete(digest)
    }
  }

  /** Its run has ended without it. */
  async drop(tx: Transaction, run: number): Promise<void> {
    for (const { release } of await tx.documents(SIGNED_ROLLBACKS).find({ where: { run } }))
      await tx.documents(SIGNED_ROLLBACKS).delete(release)
  }

  /** `false` while its proof is missing. Its policy is locked. */
  private async carryOut(tx: Transaction, order: SignedRollback): Promise<boolean> {
    const { run, policy } = order
    const releases = await Promise.all(openDossier(order.dossier).releases.map((release) => withProof(tx, release)))
    const stable = await stableOrNew(tx, policy)
    const known = (await liveVersion(tx, policy, releases[0]!.version)) ?? inForce(stable, releases[0]!.version)
    const judged = judgeSignedRollback(releases, { stable, known }, this.runtime.roster)
    if ('reason' in judged) return this.fail(tx, order, judged)
    const release = releases[0]!
    if (this.runtime.roster.logPolicy !== undefined && release.proof === undefined) return false
    const refusal = refusalByReaders(release, this.runtime.roster)
    if (refusal !== undefined) return this.fail(tx, order, { reason: 'READERS_REFUSE', detail: refusal.detail })
    for (const { id, name } of judged.approvedBy) {
      const denied = await this.guardRollback.execute(tx, [{ stable, to: release }], { id, name, kind: 'person' })
      if (denied instanceof HmsError) return this.fail(tx, order, { reason: 'GUARD_DENIED', detail: denied.detail })
    }
    const moved = { ...advance(stable, release, run, [], tx.now), run: null }
    const change = changeOf(
      release,
      judged.approvedBy.map(({ name }) => name),
      order.dossier.reasons,
    )
    const { attempt, causationId } = order
    const issued = await this.heads.issue(tx, [moved], { key: policy, run, attempt, causationId, change })
    await this.announce(tx, order, { stable, release, moved, change })
    tx.afterCommit(() => this.carrier.deliverSoon(issued, order.traceparent ?? undefined))
    return true
  }

  private async announce(
    tx: Transaction,
    order: SignedRollback,
    { stable, release, moved, change }: { stable: Stable; release: ReleaseDocument; moved: Stable; change: Change },
  ): Promise<void> {
    if (stable.run !== null) await this.runRollout.shell.input(tx, stable.run, { type: 'overtaken', policies: [stable.policy] })
    // Of a policy that was withdrawn nothing is in force: those who were told of the version before are told what is.
    const { version, releaseDigest: digest } = stable.history.at(-1) ?? release
    const gone = reversedOf(stable, moved) ?? { from: { version, digest } }
    const said = { policy: order.policy, ...gone, to: release, seq: moved.seq, run: order.run }
    await this.emit(tx, order, 'hms.rollout.reversed.v1', {
      ...said,
      reason: change.reason === null ? change.by.join(', ') : `${change.by.join(', ')}: ${change.reason}`,
      change,
    })
  }

  private async fail(tx: Transaction, order: SignedRollback, { reason, detail }: RefusedRollback): Promise<true> {
    const { run, attempt, policy, dossier } = order
    const next = [`hms-svc rollback ${policy}@${dossier.releases[0]!.version} --sign NAME`]
    await this.emit(tx, order, 'hms.rollout.failed.v1', { run, attempt, reason, detail, next })
    return true
  }

  private async emit<T extends EventType>(
    tx: Transaction,
    { policy: key, run, attempt, causationId }: SignedRollback,
    type: T,
    data: EventData[T],
  ): Promise<void> {
    await this.runtime.emit(tx, type, data, { key, run, attempt, causationId })
  }
}

/** People sign the release in force again where readers have come to refuse it. */
function inForce({ policy, current }: Stable, version: string): LiveVersion | undefined {
  return current?.version === version ? { policy, version, policyDigest: current.policyDigest } : undefined
}

/** People signed the release itself, which travels with the head and has the public reason. */
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
