import type { RunDossier } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** Break-glass whose approval is not in the log yet. The row is deleted when its rollout opens, or its run has ended. */
export interface BreakGlassOrder {
  /** Digest of its first release: all releases of a run are logged together. */
  release: string
  run: number
  dossier: RunDossier
  /** Event that delivered it. */
  cause: { key: string; id: string; traceparent: string | null }
}

export const BREAK_GLASS_ORDERS = documentTable<BreakGlassOrder>({
  name: 'break_glass_order',
  id: ({ release }) => release,
  keys: { run: { type: 'bigint', of: ({ run }) => run } },
  indexes: [['run']],
})
