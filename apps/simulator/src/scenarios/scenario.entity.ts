import { documentTable } from '#libs/persistence'
import type { Scenario } from '#libs/policy'

export interface RegisteredScenario {
  scenario: Scenario
  addedAt: string
}

export const SCENARIOS = documentTable<RegisteredScenario>({ name: 'scenario', id: (entry) => entry.scenario.id, keys: {} })
export const MAX_SCENARIOS = 200
