import type { ScenarioSummary } from '#libs/contracts'
import { SCENARIO_MAX_BYTES } from '#libs/policy'
import { RequireScope, ServiceRuntime } from '#libs/stage'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { boundBytes, register } from '../registry-limit.js'
import { readScenario } from './read-scenario.js'
import { MAX_SCENARIOS, SCENARIOS, type RegisteredScenario } from './scenario.entity.js'
import { ScenarioRegistrationDto } from './scenarios.dto.js'

@Controller('v1/scenarios')
export class ScenariosController {
  constructor(private readonly runtime: ServiceRuntime) {}

  @Get()
  list(): Promise<ScenarioSummary[]> {
    return this.runtime.database.transaction(async (tx) => (await tx.documents(SCENARIOS).find()).map(summaryOf))
  }

  /** The corpus may come later; a run notes a scenario whose corpus is not there. */
  @Post()
  @RequireScope('operate')
  async add(@Body() { file, source }: ScenarioRegistrationDto): Promise<ScenarioSummary> {
    boundBytes(source, SCENARIO_MAX_BYTES, file)
    const scenario = readScenario(file, source)
    return this.runtime.database.transaction(async (tx) => {
      await tx.lock(['scenarios'])
      const entry = { scenario, addedAt: tx.now.toISOString() }
      await register(tx.documents(SCENARIOS), scenario.id, entry, MAX_SCENARIOS, 'scenarios')
      return summaryOf(entry)
    })
  }
}

function summaryOf({ scenario, addedAt }: RegisteredScenario): ScenarioSummary {
  const { id, policies, corpus, alert } = scenario
  return { id, policies, corpus, alert, addedAt }
}
