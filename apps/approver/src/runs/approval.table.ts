import { isTerminal, type ReleaseDocument, type RolloutPlan, type SigningReason } from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { columns, documentTable, timerKind, type Timers, type Transaction } from '#libs/persistence'
import { breakGlassOf, rollbackOf, type BreakGlassOrder } from '#libs/signing'
import type { StoredHead } from '../policies/stored-heads.js'
import { runOf } from './run.table.js'
import { stateOf } from '#libs/pipeline'

/** Releases that are signed together. The id is the release digest, or the digest over the sorted release digests of a bundle. */
export interface Approval {
  digest: string
  /** Sorted policy digests; a later signer's files are matched to the approval by these. */
  members: string
  /** Digest of the caller's options: an equal request reuses the unsigned preparation. */
  request: string
  state: 'prepared' | 'waiting' | 'complete' | 'stale' | 'expired' | 'rejected'
  run: number | null
  releases: ReleaseDocument[]
  plan: RolloutPlan
  signedBy: string[]
  /** Reasons given by signers; recorded, not signed. */
  reasons?: SigningReason[]
  missing: string[]
  /** Set if the last signature ends the runs in progress of these policies. */
  supersede?: true
  /** Stable heads from config-store that the preparation used. The run stays queued until approver has received them too. */
  storedHeads?: readonly StoredHead[]
  preparedAt: string
  expiresAt: string
}

/** Whether the approval reinstates an earlier version, without lint, simulation and canary. */
export function isRollback({ releases }: Pick<Approval, 'releases'>): boolean {
  return releases.some((release) => rollbackOf(release) !== undefined)
}

/** Returns the `reasons` member of a dossier; an empty object if no signer gave a reason. */
export function reasonsOf({ reasons = [] }: Approval): { reasons?: SigningReason[] } {
  return reasons.length === 0 ? {} : { reasons }
}

/** Returns the approval's break-glass order, if any: several people together sign to skip simulation, canary, freezes and the queue. */
export function breakGlassIn({ releases }: Pick<Approval, 'releases'>): BreakGlassOrder | undefined {
  return releases.map(breakGlassOf).find((order) => order !== undefined)
}

/** Timer that ends an approval whose signatures do not arrive; its id includes the digest. */
export const APPROVAL_EXPIRY = timerKind<{ digest: string; run: number }>('approval-expiry')

export function approvalExpiryId(digest: string): string {
  return `${APPROVAL_EXPIRY}:${digest}`
}

export const APPROVALS = documentTable<Approval>({
  name: 'approval',
  id: (approval) => approval.digest,
  keys: columns({ members: 'text', state: 'text', request: 'text', preparedAt: 'timestamptz' }),
  indexes: [['members', 'state'], ['prepared_at']],
  keep: { for: 'runs', ended: { state: ['complete', 'stale', 'expired', 'rejected'] } },
})

/** Returns the lock keys of an approval: the keys of its policies. */
export function keysOfApproval({ releases }: Pick<Approval, 'releases'>): string[] {
  return releases.map(({ id }) => policyKey(id))
}

export async function approvalOfRun(tx: Transaction, run: number | null | undefined): Promise<Approval | undefined> {
  const record = await runOf(tx, run)
  return record === undefined ? undefined : tx.documents(APPROVALS).get(record.approval)
}

/** Ends the wait for signatures. */
export async function closeApproval(tx: Transaction, timers: Timers, approval: Approval, state: 'stale' | 'rejected'): Promise<void> {
  await timers.cancel(tx, approvalExpiryId(approval.digest))
  await tx.documents(APPROVALS).put({ ...approval, state })
}

/** Returns the approvals of the same files that have a signature, and a run that has not ended; newest first. */
export async function signedSiblings(tx: Transaction, members: string): Promise<Approval[]> {
  const candidates = await tx
    .documents(APPROVALS)
    .find({ where: { members, state: ['waiting', 'complete'] }, orderBy: 'prepared_at', descending: true, limit: 5 })
  const open: Approval[] = []
  for (const approval of candidates) {
    const run = await runOf(tx, approval.run)
    if (run !== undefined && !isTerminal(stateOf(run.facts))) open.push(approval)
  }
  return open
}
