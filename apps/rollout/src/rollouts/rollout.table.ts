import { documentTable } from '#libs/persistence'
import type { Rollout } from '#libs/pipeline'

export const ROLLOUTS = documentTable<Rollout>({
  name: 'rollout',
  id: (rollout) => String(rollout.run),
  keys: { state: { type: 'text', of: (rollout) => rollout.state } },
  indexes: [['state']],
  keep: { for: 'runs', ended: { state: ['completed', 'failed', 'aborted'] } },
})
