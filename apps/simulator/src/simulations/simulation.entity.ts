import type { RunDossier } from '#libs/contracts'
import { documentTable } from '#libs/persistence'
import type { ReplayReport } from '../replay/report.js'
import type { ReplayScore } from '../replay/score.js'

export interface Simulation {
  run: number
  attempt: number
  key: string
  state: 'waiting' | 'passed' | 'failed' | 'paused' | 'aborted'
  dossier: RunDossier
  causationId: string
  score: ReplayScore | null
  report: ReplayReport | null
  reportDigest: string | null
}

export const SIMULATIONS = documentTable<Simulation>({
  name: 'simulation',
  id: (simulation) => String(simulation.run),
  keys: { state: { type: 'text', of: (simulation) => simulation.state } },
  indexes: [['state']],
})
