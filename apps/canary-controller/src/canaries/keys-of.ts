import { policyKey } from '#libs/messaging'
import type { Canary } from '#libs/pipeline'

/** Returns the lock keys of a canary: one for each of its policies. */
export function keysOf({ members }: Pick<Canary, 'members'>): string[] {
  return members.map(({ policy }) => policyKey(policy))
}
