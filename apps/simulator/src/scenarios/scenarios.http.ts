import { HmsError, type ScenarioSummary } from '#libs/contracts'
import { compileScenario, formatFinding, parseScenario, type Scenario } from '#libs/policy'
import { RequireScope, ServiceRuntime } from '#libs/stage'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { register } from '../registry-limit.js'
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
  add(@Body() body: ScenarioRegistrationDto): Promise<ScenarioSummary> {
    const scenario = read(body)
    return this.runtime.database.transaction(async (tx) => {
      await tx.lock(['scenarios'])
      const entry = { scenario, addedAt: tx.now.toISOString() }
      await register(tx.documents(SCENARIOS), scenario.id, entry, MAX_SCENARIOS, 'scenarios')
      return summaryOf(entry)
    })
  }
}

function read({ file, source }: ScenarioRegistrationDto): Scenario {
  const parsed = parseScenario(source, file)
  if (!parsed.ok) {
    const errors = parsed.findings.map((finding) => ({ pointer: finding.pointer ?? '', detail: formatFinding(finding) }))
    throw new HmsError('HMS_SCENARIO_INVALID', errors.map((error) => error.detail).join('; '), { status: 422, errors, next: ['hms-svc scenarios add FILE'] })
  }
  const compiled = compileScenario(parsed.scenario)
  if (!compiled.ok) throw new HmsError(compiled.code, `${file}: ${compiled.message}`, { status: 422, next: ['hms-svc scenarios add FILE'] })
  return parsed.scenario
}

function summaryOf({ scenario, addedAt }: RegisteredScenario): ScenarioSummary {
  const { id, policies, corpus, alert } = scenario
  return { id, policies, corpus, alert, addedAt }
}
