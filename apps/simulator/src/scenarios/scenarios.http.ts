import type { ScenarioSummary } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { SCENARIO_MAX_BYTES, type Scenario } from '#libs/scenario'
import { RequireScope, TakesBody } from '#libs/service'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { boundBytes, register } from '../registry-limit.js'
import { rulesOf } from './rules-of-run.js'
import { readScenario } from './read-scenario.js'
import { MAX_SCENARIOS, SCENARIO_RULES_MAX_BYTES, SCENARIOS, type RegisteredScenario } from './scenario.table.js'
import { ScenarioRegistrationDto } from './scenarios.dto.js'

@Controller('v1/scenarios')
export class ScenariosController {
  constructor(private readonly database: Database) {}

  @Get()
  list(): Promise<ScenarioSummary[]> {
    return this.database.transaction(async (tx) => (await tx.documents(SCENARIOS).find()).map(summaryOf))
  }

  /** The corpus may come later; a run notes a scenario whose corpus is not there. */
  @TakesBody({ bytes: 6 * SCENARIO_MAX_BYTES })
  @Post()
  @RequireScope('operate')
  async add(@Body() { file, source }: ScenarioRegistrationDto): Promise<ScenarioSummary> {
    boundBytes(source, SCENARIO_MAX_BYTES, file)
    const scenario = readScenario(file, source)
    return this.database.locked(['scenarios'], async (tx) => {
      const entry = { scenario, addedAt: tx.now.toISOString() }
      await this.boundAll(tx, scenario)
      await register(tx.documents(SCENARIOS), scenario.id, entry, MAX_SCENARIOS, 'scenarios')
      return summaryOf(entry)
    })
  }

  /** A run's events carry the rules of its scenarios, at worst all there are. */
  private async boundAll(tx: Transaction, scenario: Scenario): Promise<void> {
    const others = (await tx.documents(SCENARIOS).find()).map((entry) => entry.scenario).filter(({ id }) => id !== scenario.id)
    boundBytes(JSON.stringify(rulesOf([...others, scenario])), SCENARIO_RULES_MAX_BYTES, 'The rules of all scenarios together')
  }
}

function summaryOf({ scenario, addedAt }: RegisteredScenario): ScenarioSummary {
  const { id, policies, corpus, alert } = scenario
  return { id, policies, corpus, alert, addedAt }
}
