import { policyKey } from '#libs/messaging'
import type { Canary } from '#libs/pipeline'

/** Locks of a canary: all its policies. */
export function keysOf({ members }: Pick<Canary, 'members'>): string[] {
  return members.map(({ policy }) => policyKey(policy))
}
