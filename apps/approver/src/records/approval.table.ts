import type { ReleaseDocument, RolloutPlan, SigningReason } from '#libs/contracts'
import { documentTable, timerKind } from '#libs/persistence'
import { breakGlassOf, rollbackOf, type BreakGlassOrder } from '#libs/signing'

/** Releases that are signed together. Its id is the release digest, or the digest over the sorted release digests of a bundle. */
export interface Approval {
  digest: string
  /** Sorted policy digests: how a later signer's files find what was prepared. */
  members: string
  /** Digest of the caller's plan options: the same request finds the same unsigned preparation. */
  request: string
  state: 'prepared' | 'waiting' | 'complete' | 'stale' | 'expired' | 'rejected'
  run: number | null
  releases: ReleaseDocument[]
  plan: RolloutPlan
  signedBy: string[]
  /** What signers gave as their reason; for the record, not signed. */
  reasons?: SigningReason[]
  missing: string[]
  /** The last signature ends the runs of these policies that are under way. */
  supersede?: true
  preparedAt: string
  expiresAt: string
}

/** People sign to bring an earlier version back, without lint, simulation and canary. */
export function isRollback({ releases }: Pick<Approval, 'releases'>): boolean {
  return releases.some((release) => rollbackOf(release) !== undefined)
}

/** For the dossier, where a signer gave one. */
export function reasonsOf({ reasons = [] }: Approval): { reasons?: SigningReason[] } {
  return reasons.length === 0 ? {} : { reasons }
}

/** Several people together sign it past simulation, canary, freezes and waiting. */
export function breakGlassIn({ releases }: Pick<Approval, 'releases'>): BreakGlassOrder | undefined {
  return releases.map(breakGlassOf).find((order) => order !== undefined)
}

/** Kind of the timer that ends an approval whose signatures do not come; its id carries the digest too. */
export const APPROVAL_EXPIRY = timerKind<{ digest: string; run: number }>('approval-expiry')

export function approvalExpiryId(digest: string): string {
  return `${APPROVAL_EXPIRY}:${digest}`
}

export const APPROVALS = documentTable<Approval>({
  name: 'approval',
  id: (approval) => approval.digest,
  keys: {
    members: { type: 'text', of: (approval) => approval.members },
    state: { type: 'text', of: (approval) => approval.state },
    request: { type: 'text', of: (approval) => approval.request },
    prepared_at: { type: 'timestamptz', of: (approval) => approval.preparedAt },
  },
  indexes: [['members', 'state'], ['prepared_at']],
  keep: { for: 'runs', ended: { state: ['complete', 'stale', 'expired', 'rejected'] } },
})
