import { action, HmsError, peekPredicate, type PreparedApproval, type PrepareRollbackRequest, type ReleaseDocument } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import type { PolicyDocument } from '#libs/policy'
import { Rosters } from '#libs/service'
import {
  effectiveBreakGlass,
  buildRelease,
  digestOfJson,
  droppedTags,
  refOf,
  rollbackOf,
  tagsOf,
  type ReleasePredicate,
} from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { ApproverConfig } from '../approver.config.js'
import { nextEpoch, policyOrNew, type PolicyRecord } from '../policies/policy.table.js'
import { releasedOf, releaseOf } from '../policies/policy-version.table.js'
import { refusedByReaders } from '../policies/refusal-by-readers.js'
import { type Approval, APPROVALS, signedSiblings } from '../runs/approval.table.js'
import { preparedView } from './approval-view.js'
import { authorOf } from './authors.js'
import { StoredHeadsFallback } from './stored-heads-fallback.js'
import { KeepPreparations } from './keep-preparations.js'
import { withinBounds } from './plan-bounds.js'
import { isStillValid, unsignedApproval } from './prepare-approval.js'
import { fallbacksOf, offered, refusedOf } from './fallbacks.js'
import { unsigned } from './prepare-release.js'
import { requireEventsFit } from './run-size.js'

/** Prepares a rollback to a version that is no fallback, under the next epoch. It need not wait for a run in progress: it ends that run. */
@Injectable()
export class PrepareRollback {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly config: ApproverConfig,
    private readonly preparations: KeepPreparations,
    private readonly storedHeadsFallback: StoredHeadsFallback,
  ) {}

  /**
   * Prepares a rollback. If others already signed it, returns their approval to countersign, and ignores the given reason. The release,
   * which readers and partners get, contains the public reason, even if empty; without one, the internal reason. `by`: id of the caller.
   */
  execute(request: PrepareRollbackRequest['rollback'], by = 'anyone'): Promise<PreparedApproval> {
    return this.storedHeadsFallback.explainRefusal([request.policy], () => this.attempt(request, by))
  }

  private attempt(request: PrepareRollbackRequest['rollback'], by: string): Promise<PreparedApproval> {
    const { policy: id, version } = request
    return this.database.locked([policyKey(id)], async (tx) => {
      const record = await policyOrNew(tx, id)
      const records = new Map([[id, record]])
      const target = await this.targetOf(tx, record, version)
      const members = `rollback ${id}@${version} ${target.policyDigest}`
      const [signed] = await signedSiblings(tx, members)
      if (signed !== undefined) return preparedView(tx, signed, { records, roster: this.rosters.newest })
      const { reason = '', publicReason } = request
      const fingerprint = digestOfJson({ rollback: { reason, ...(publicReason === undefined ? {} : { publicReason }) } })
      const identity = { members, state: 'prepared', request: fingerprint }
      const [known] = await tx.documents(APPROVALS).find({ where: identity, orderBy: 'prepared_at', descending: true, limit: 1 })
      if (known !== undefined && isStillValid(known, this.rosters.newest, new Map([[id, record.live]]), tx.now))
        return preparedView(tx, known, { records, roster: this.rosters.newest })
      const prepared = await this.prepare(tx, record, target, publicReason ?? reason, { members, request: fingerprint })
      const reasons = publicReason === undefined || reason === '' ? {} : { reasons: [{ name: by, reason }] }
      const approval: Approval = { ...prepared, ...reasons }
      await this.preparations.add(tx, approval, by)
      return preparedView(tx, approval, { records, roster: this.rosters.newest })
    })
  }

  private async prepare(
    tx: Transaction,
    record: PolicyRecord,
    target: ReleaseDocument,
    reason: string,
    identity: Pick<Approval, 'members' | 'request'>,
  ): Promise<Approval> {
    const roster = this.rosters.newest
    const before = peekPredicate<ReleasePredicate>(target.envelope)
    const { policy, author } = before
    const released = await releasedOf(tx, record)
    const dropped = droppedTags(
      roster,
      tagsOf({ policy }),
      [...released, target].flatMap(({ envelope }) => tagsOf(peekPredicate<ReleasePredicate>(envelope))),
    )
    const expiresAt = new Date(tx.now.getTime() + this.config.approvalExpiryMs)
    const named = { policy: policy as unknown as PolicyDocument, droppedTags: dropped }
    const plan = withinBounds({ ...before.plan, partners: null }, roster, { policy, droppedTags: dropped })
    const release = unsigned(
      buildRelease({
        policy,
        releaseEpoch: nextEpoch(record),
        previous: record.live && refOf(record.live),
        fallbacks: fallbacksOf(record, { released, refused: await refusedOf(tx, offered(record, released), roster) }, record.live, []),
        scopes: [...new Set(['global', plan.scope])],
        ...(dropped.length === 0 ? {} : { droppedTags: dropped }),
        author: authorOf(named, author === null ? {} : { author }, roster),
        plan,
        // If the target is itself a rollback, names the release that it reinstated, which passed the stages.
        rollback: {
          target: rollbackOf(target)?.target ?? refOf(target),
          reason,
          replaces: record.live && refOf(record.live),
          ...(effectiveBreakGlass(before) === undefined ? {} : { byBreakGlass: true as const }),
        },
        preparedAt: tx.now.toISOString(),
        expires: expiresAt.toISOString(),
      }),
    )
    requireEventsFit(roster, { releases: [release], live: [record.live], plan })
    return unsignedApproval(tx, roster, { ...identity, releases: [release], plan }, expiresAt)
  }

  private async targetOf(tx: Transaction, record: PolicyRecord, version: string): Promise<ReleaseDocument> {
    const { id, live } = record
    // The live release is a valid target if readers refuse it: new signatures make it acceptable.
    if (live?.version === version && (await refusedByReaders(tx, live, this.rosters.newest)) === undefined) {
      const detail = `${id}@${version} is live already.`
      throw new HmsError('HMS_APPROVER_ALREADY_LIVE', detail, { status: 409, next: [action('get', { policy: id })] })
    }
    const release = await releaseOf(tx, record, version)
    if (release !== undefined) return release
    const detail = `${id}@${version} was never live, so it cannot be reinstated. Approve it as a new version.`
    throw new HmsError('HMS_APPROVER_TARGET_UNKNOWN', detail, { status: 404, next: [action('approve'), action('get', { policy: id })] })
  }
}
