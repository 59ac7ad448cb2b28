import { columns, documentTable } from '#libs/persistence'
import type { Canary } from '#libs/pipeline'
import { policyKey } from '#libs/messaging'

export const CANARIES = documentTable<Canary>({
  name: 'canary',
  id: (canary) => String(canary.run),
  keys: columns({ state: 'text' }),
  indexes: [['state']],
  keep: { for: 'runs', ended: { state: ['failed', 'ended'] } },
})

/** Last head number per policy and scope: no number is issued twice, whichever run issues the head. */
export interface CanaryHeadCounter {
  policy: string
  scope: string
  seq: number
  /** Run whose canary owns the policy, if any. */
  run: number | null
}

export const CANARY_HEADS = documentTable<CanaryHeadCounter>({ name: 'canary_head', id: headId, keys: {} })

export function headId(head: Pick<CanaryHeadCounter, 'policy' | 'scope'>): string {
  return `${head.policy}@${head.scope}`
}

/** Returns the lock keys of a canary: one for each of its policies. */
export function keysOf({ members }: Pick<Canary, 'members'>): string[] {
  return members.map(({ policy }) => policyKey(policy))
}
