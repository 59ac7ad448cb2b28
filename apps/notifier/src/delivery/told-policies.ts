import type { ToldPolicy } from '#libs/contracts'
import { policyKey } from '#libs/messaging'

/** Of a delivery or message: what it tells of. `policies`: all, where they are several; the others are of the first. */
export type Told = ToldPolicy & { policies?: readonly ToldPolicy[] }

/** In place of a policy, where a column or a lane has room for one; no policy is called so. */
export const SEVERAL = '*'

const TICKET = 'ticket:'

/** What stands for the policy where a message tells of a ticket; no policy is called so. */
export function ticketSubject(ticket: number): string {
  return `${TICKET}${ticket}`
}

const UNSUBSCRIBED = 'unsubscribed:'

/** What stands for the policy where a message tells that mail to an address of a partner stops; no policy is called so. */
export function unsubscribedSubject(partner: string, address: string): string {
  return `${UNSUBSCRIBED}${partner}/${address}`
}

/** Whether a message is for the people of the agency, and tells of no policy. */
export function isForOnCall({ policy }: Told): boolean {
  return policy.startsWith(TICKET) || policy.startsWith(UNSUBSCRIBED)
}

export function toldOf({ policies, policy, version, digest }: Told): readonly ToldPolicy[] {
  return policies ?? [{ policy, version, digest }]
}

/** `ID@VERSION` of each. */
export function bundleOf(told: Told): string[] {
  return toldOf(told).map(({ policy, version }) => `${policy}@${version}`)
}

export function lockKeysOf(told: Told): string[] {
  return toldOf(told).map(({ policy }) => policyKey(policy))
}

export function tellsOf(told: Told, policy: string | undefined, version: string | undefined): boolean {
  return toldOf(told).some((each) => (policy ?? each.policy) === each.policy && (version ?? each.version) === each.version)
}

export function overlap(a: Told, b: Told): boolean {
  const names = new Set(toldOf(a).map(({ policy }) => policy))
  return toldOf(b).some(({ policy }) => names.has(policy))
}

/** Whether `newer` says of each policy of `older` what is new. */
export function covers(newer: readonly Told[], older: Told): boolean {
  const names = new Set(newer.flatMap(toldOf).map(({ policy }) => policy))
  return toldOf(older).every(({ policy }) => names.has(policy))
}
