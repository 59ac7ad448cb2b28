import { documentTable } from '#libs/persistence'
import type { Scenario } from '#libs/scenario'

export interface RegisteredScenario {
  scenario: Scenario
  addedAt: string
}

export const SCENARIOS = documentTable<RegisteredScenario>({ name: 'scenario', id: (entry) => entry.scenario.id, keys: {} })
export const MAX_SCENARIOS = 200
/** Size limit of the rules' JSON in bytes: in the events of a run with the values read of policies outside it, at registration without. */
export const SCENARIO_RULES_MAX_BYTES = 240 * 1024
