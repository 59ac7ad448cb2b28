import type { AcceptedDecision, RunDossier } from '#libs/contracts'
import { documentTable } from '#libs/persistence'
import type { ReplayScore } from '../replay/score.js'
import type { SkippedScenario } from './evidence.js'

/** The newest attempt of a run at this stage. */
export interface Simulation {
  run: number
  attempt: number
  key: string
  /** `waiting` has two timers: the work, and its deadline. All others are final for the attempt. */
  state: 'waiting' | 'passed' | 'failed' | 'paused' | 'aborted'
  /** `null` when the run was aborted before its lint verdict came: the two travel on different topics. */
  dossier: RunDossier | null
  /** The abort of a person that came before the run did. */
  decision?: AcceptedDecision
  causationId: string
  traceparent: string | null
  score: ReplayScore | null
  skipped: SkippedScenario[]
  /** Canonical JSON as text: the bytes that `reportDigest` is over, and bots may put NUL into messages, which `jsonb` cannot hold. */
  report: string | null
  reportDigest: string | null
}

export const SIMULATIONS = documentTable<Simulation>({
  name: 'simulation',
  id: (simulation) => String(simulation.run),
  keys: { state: { type: 'text', of: (simulation) => simulation.state } },
  indexes: [['state']],
  keep: { for: 'runs', ended: { state: ['passed', 'failed', 'paused', 'aborted'] } },
})
