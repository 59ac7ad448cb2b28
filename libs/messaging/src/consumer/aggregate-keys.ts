import type { ReceivedEvent, RunDossier } from '#libs/contracts'

/** Lock key of a policy; every service locks its view of a policy under the same name. */
export function policyKey(policyId: string): string {
  return `policy:${policyId}`
}

/**
 * Aggregates that an event touches: all policies of the run when it carries a dossier, else the policy it is keyed by.
 * Locked in sorted order, so the smallest policy id, which is the key of a bundle, always comes first.
 */
export function keysOf(event: ReceivedEvent): string[] {
  const { dossier } = event.data as { dossier?: RunDossier }
  return dossier === undefined ? [policyKey(event.key)] : dossier.releases.map((release) => policyKey(release.id))
}
