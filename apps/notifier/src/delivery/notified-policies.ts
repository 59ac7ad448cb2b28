import type { ToldPolicy } from '#libs/contracts'
import { policyKey } from '#libs/messaging'

/** Policies of a delivery or message. `policies`: all policies of a bundle; the other members then describe the first policy. */
export type NotifiedPolicies = ToldPolicy & { policies?: readonly ToldPolicy[] }

/** Placeholder for the policy of a bundle, for columns and lanes with room for one; no policy has this name. */
export const SEVERAL = '*'

const TICKET = 'ticket:'

/** Placeholder for the policy of a message about a ticket; no policy has this name. */
export function ticketSubject(ticket: number): string {
  return `${TICKET}${ticket}`
}

const UNSUBSCRIBED = 'unsubscribed:'

/** Placeholder for the policy of a message about an unsubscribed address of a partner; no policy has this name. */
export function unsubscribedSubject(partner: string, address: string): string {
  return `${UNSUBSCRIBED}${partner}/${address}`
}

/** Whether a message is for the agency's people on call, and concerns no policy. */
export function isForOnCall({ policy }: NotifiedPolicies): boolean {
  return policy.startsWith(TICKET) || policy.startsWith(UNSUBSCRIBED)
}

export function policiesOf({ policies, policy, version, digest }: NotifiedPolicies): readonly ToldPolicy[] {
  return policies ?? [{ policy, version, digest }]
}

/** Returns `ID@VERSION` of each policy. */
export function bundleOf(notified: NotifiedPolicies): string[] {
  return policiesOf(notified).map(({ policy, version }) => `${policy}@${version}`)
}

export function lockKeysOf(notified: NotifiedPolicies): string[] {
  return policiesOf(notified).map(({ policy }) => policyKey(policy))
}

export function concerns(notified: NotifiedPolicies, policy: string | undefined, version: string | undefined): boolean {
  return policiesOf(notified).some((each) => (policy ?? each.policy) === each.policy && (version ?? each.version) === each.version)
}

export function overlap(a: NotifiedPolicies, b: NotifiedPolicies): boolean {
  const names = new Set(policiesOf(a).map(({ policy }) => policy))
  return policiesOf(b).some(({ policy }) => names.has(policy))
}

/** Whether `newer` contains news of each policy of `older`. */
export function covers(newer: readonly NotifiedPolicies[], older: NotifiedPolicies): boolean {
  const names = new Set(newer.flatMap(policiesOf).map(({ policy }) => policy))
  return policiesOf(older).every(({ policy }) => names.has(policy))
}
