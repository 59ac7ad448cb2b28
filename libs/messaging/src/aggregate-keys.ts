import type { VerifiedEvent } from '#libs/contracts'

/** Lock key of a policy; every service locks its view of a policy under the same name. */
export function policyKey(policyId: string): string {
  return `policy:${policyId}`
}

const POLICY_ID = /^[a-z0-9-]{1,100}$/

/**
 * Aggregates that an event touches: all policies of the run when it carries a dossier, else the policy it is keyed by.
 * Locked in sorted order, so the smallest policy id, which is the key of a bundle, always comes first. Never throws: an event whose
 * dossier is damaged must still find its way to the dead letters, under its key.
 */
export function aggregateKeysOf(event: VerifiedEvent): string[] {
  const { dossier } = event.data as { dossier?: { releases?: unknown } | null }
  const releases: unknown[] = Array.isArray(dossier?.releases) ? dossier.releases : []
  const ids = releases.map((release) => (release as { id?: unknown } | null)?.id)
  const whole = ids.length > 0 && ids.every((id): id is string => typeof id === 'string' && POLICY_ID.test(id))
  return (whole ? ids : [event.key]).map(policyKey)
}
