import { action, HmsError, peekPredicate, type ApprovalSummary, type ApprovalView, type PreparedApproval } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { stateOf } from '#libs/pipeline'
import { differenceOf, diffPolicies, type PolicyDocument } from '#libs/policy'
import type { ReleasePredicate, Roster } from '#libs/signing'
import { type PolicyRecord, policyAt } from '../policies/policy.table.js'
import { takenBackOf } from '../policies/quarantine.js'
import { runOf, type RunRecord } from '../runs/run.table.js'
import { approvalOfRun, breakGlassIn, isRollback, type Approval } from '../runs/approval.table.js'
import { fallbacksView } from './fallbacks.js'
import { preparationEnd } from './keep-preparations.js'
import { previousOf } from '../runs/end-stale.js'

export function approvalView(approval: Approval, run: RunRecord | undefined): ApprovalView {
  return {
    run: approval.run,
    state: run === undefined ? 'PREPARED' : stateOf(run.facts),
    digest: approval.digest,
    missing: approval.missing,
  }
}

export function approvalSummary(approval: Approval, run: RunRecord | undefined): ApprovalSummary {
  return {
    ...signedPart(approval, run),
    policies: approval.releases.map(({ id, version, policyDigest }) => ({ id, version, digest: policyDigest })),
    reasons: approval.reasons ?? [],
    preparedAt: approval.preparedAt,
  }
}

/** Returns the approval with its differences from the live releases. The project's clients compute these themselves, see `readConsent`. */
export async function preparedView(
  tx: Transaction,
  approval: Approval,
  { records, roster }: { records: Map<string, PolicyRecord>; roster: Roster },
): Promise<PreparedApproval> {
  const run = await runOf(tx, approval.run)
  const releases = approval.releases.map(async (release) => {
    const { id, version } = release
    const record = records.get(id)
    const live = record?.live ?? null
    const changes = diffPolicies(live === null ? undefined : policyOf(live.envelope), policyOf(release.envelope))
    // Releases left out of the fallbacks because readers would refuse them.
    const lost = record === undefined ? [] : (await fallbacksView(tx, record, roster)).refused
    const takenBack = await takenBackOf(tx, id, version)
    return {
      id,
      version,
      policyDigest: release.policyDigest,
      digest: release.releaseDigest,
      payload: release.envelope.payload,
      live: live?.version ?? null,
      ...(takenBack === undefined ? {} : { takenBack: { run: takenBack.run, at: takenBack.at } }),
      ...(lost.length === 0 ? {} : { refusedFallbacks: lost }),
      differences: changes.map(differenceOf),
    }
  })
  return {
    ...signedPart(approval, run),
    releases: await Promise.all(releases),
    plan: approval.plan,
    ...(await overtakenMember(tx, approval)),
  }
}

/** Error for an approval that accepts no more signatures. `view`: its state, for the response. */
export function approvalClosed({ state, run }: Approval, view?: ApprovalView): HmsError {
  return new HmsError('HMS_APPROVER_APPROVAL_CLOSED', `This approval is ${state}; another signature changes nothing.`, {
    status: 409,
    next: run === null ? [] : [action('runs.show', { run })],
    state: view,
  })
}

export function approvalUnknown(digest: string): HmsError {
  return new HmsError('HMS_APPROVER_APPROVAL_UNKNOWN', `There is no approval ${digest}.`, { status: 404, next: [action('approvals.list')] })
}

export async function overtakenMember(tx: Transaction, approval: Approval): Promise<{ overtakenBy?: number }> {
  const run = await overtakenBy(tx, approval)
  return run === undefined ? {} : { overtakenBy: run }
}

/** Returns the members that the summary and the prepared approval have in common. */
function signedPart(approval: Approval, run: RunRecord | undefined): Omit<PreparedApproval, 'releases' | 'plan'> {
  const breakGlass = breakGlassIn(approval)
  return {
    ...approvalView(approval, run),
    signedBy: approval.signedBy,
    authors: [...new Set(approval.releases.flatMap(({ envelope }) => peekPredicate<ReleasePredicate>(envelope).author ?? []))],
    ...(approval.supersede === true ? { supersede: true } : {}),
    ...(breakGlass === undefined ? {} : { breakGlass }),
    expiresAt: approval.state === 'prepared' ? preparationEnd(approval) : approval.expiresAt,
  }
}

function policyOf(envelope: Approval['releases'][number]['envelope']): PolicyDocument {
  return peekPredicate<{ policy: PolicyDocument }>(envelope).policy
}

/**
 * Returns the number of a run ahead whose release this approval does not follow: if that run succeeds, this approval ends STALE. Returns
 * `undefined` without such a run, for a rollback, and for an approval that supersedes the runs ahead.
 */
async function overtakenBy(tx: Transaction, approval: Approval): Promise<number | undefined> {
  const isOpen = approval.state === 'prepared' || approval.state === 'waiting' || approval.state === 'complete'
  if (!isOpen || approval.supersede === true || isRollback(approval)) return undefined
  for (const { id } of approval.releases) {
    const policy = await policyAt(tx, id)
    // An active run follows the live release.
    if (policy === undefined || (approval.run !== null && policy.active === approval.run)) continue
    const position = approval.run === null ? -1 : policy.queue.indexOf(approval.run)
    // A fully signed run that is neither active nor queued has ended.
    if (approval.state === 'complete' && position < 0) continue
    const ahead = [...(policy.active === null ? [] : [policy.active]), ...policy.queue.slice(0, position < 0 ? undefined : position)].at(-1)
    const other = await approvalOfRun(tx, ahead)
    const releaseAhead = other?.releases.find((release) => release.id === id)?.releaseDigest
    if (releaseAhead !== undefined && releaseAhead !== previousOf(approval, id)) return ahead
  }
  return undefined
}
