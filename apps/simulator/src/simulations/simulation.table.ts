import { columns, documentTable } from '#libs/persistence'
import type { Simulation } from '#libs/pipeline'

/** Newest attempt of a run at this stage. */
export const SIMULATIONS = documentTable<Simulation>({
  name: 'simulation',
  id: (simulation) => String(simulation.run),
  keys: columns({ state: 'text' }),
  indexes: [['state']],
  keep: { for: 'runs', ended: { state: ['passed', 'failed', 'paused', 'aborted'] } },
})
