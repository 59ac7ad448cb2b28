import type { VerifiedEvent } from '#libs/contracts'

/** Returns the lock key of a policy; all services use the same key for their view of the policy. */
export function policyKey(policyId: string): string {
  return `policy:${policyId}`
}

const POLICY_ID = /^[a-z0-9-]{1,100}$/

/**
 * Returns the lock keys of an event's aggregates: all policies of its dossier, else the policy that is its key. They are locked sorted: a
 * bundle's key, its smallest id, is first. Never throws: an event with a damaged dossier must reach the dead letters under its key.
 */
export function aggregateKeysOf(event: VerifiedEvent): string[] {
  const { dossier } = event.data as { dossier?: { releases?: unknown } | null }
  const releases: unknown[] = Array.isArray(dossier?.releases) ? dossier.releases : []
  const ids = releases.map((release) => (release as { id?: unknown } | null)?.id)
  const isComplete = ids.length > 0 && ids.every((id): id is string => typeof id === 'string' && POLICY_ID.test(id))
  return (isComplete ? ids : [event.key]).map(policyKey)
}
