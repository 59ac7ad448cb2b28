import { documentTable } from '#libs/persistence'
import type { Simulation } from '#libs/pipeline'

/** Newest attempt of a run at this stage. */
export const SIMULATIONS = documentTable<Simulation>({
  name: 'simulation',
  id: (simulation) => String(simulation.run),
  keys: { state: { type: 'text', of: (simulation) => simulation.state } },
  indexes: [['state']],
  keep: { for: 'runs', ended: { state: ['passed', 'failed', 'paused', 'aborted'] } },
})
