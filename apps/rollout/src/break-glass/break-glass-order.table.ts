import type { RunDossier } from '#libs/contracts'
import { columns, documentTable } from '#libs/persistence'

/** Break-glass run whose approval is not in the audit log yet. The row is deleted when the rollout opens or the run ends. */
export interface BreakGlassOrder {
  /** Digest of the run's first release; all releases of a run are logged together. */
  release: string
  run: number
  dossier: RunDossier
  /** Event that delivered the run. */
  cause: { key: string; id: string; traceparent: string | null }
}

export const BREAK_GLASS_ORDERS = documentTable<BreakGlassOrder>({
  name: 'break_glass_order',
  id: ({ release }) => release,
  keys: columns({ run: 'bigint' }),
  indexes: [['run']],
})
