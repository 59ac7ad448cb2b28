import { columns, documentTable } from '#libs/persistence'
import type { Rollout } from '#libs/pipeline'

export const ROLLOUTS = documentTable<Rollout>({
  name: 'rollout',
  id: (rollout) => String(rollout.run),
  keys: columns({ state: 'text' }),
  indexes: [['state']],
  keep: { for: 'runs', ended: { state: ['completed', 'failed', 'aborted'] } },
})
