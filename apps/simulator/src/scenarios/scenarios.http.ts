import { action, HmsError, isPlainText, type FieldProblem, type ScenarioSummary } from '#libs/contracts'
import { Database, type Transaction } from '#libs/persistence'
import { compileScenario, parseScenario, type Scenario, SCENARIO_MAX_BYTES } from '#libs/scenario'
import { RequireScope, LargeBody, Paged } from '#libs/service'
import { Body, Controller, Get, Post } from '@nestjs/common'
import { requireMaxBytes, register, REGISTRY_ID } from '../registry-limit.js'
import { MAX_SCENARIOS, SCENARIO_RULES_MAX_BYTES, SCENARIOS, type RegisteredScenario } from './scenario.table.js'
import { ScenarioRegistrationDto } from './scenarios.dto.js'
import { formatFinding } from '#libs/policy'
import { rulesOf } from './policies-of-run.js'

@Controller('v1/scenarios')
export class ScenariosController {
  constructor(private readonly database: Database) {}

  /** Lists the scenarios that simulations evaluate. */
  @Get()
  @Paged(({ id }: ScenarioSummary) => id)
  list(): Promise<ScenarioSummary[]> {
    return this.database.autocommit(async (tx) => (await tx.documents(SCENARIOS).find()).map(summaryOf))
  }

  /** Registers a scenario, or replaces the one with this id. Until its corpus is registered, a run skips the scenario and reports that. */
  @LargeBody({ bytes: 6 * SCENARIO_MAX_BYTES })
  @Post()
  @RequireScope('operate')
  async add(@Body() { file, source }: ScenarioRegistrationDto): Promise<ScenarioSummary> {
    requireMaxBytes(source, SCENARIO_MAX_BYTES, file)
    const scenario = readScenario(file, source)
    return this.database.locked(['scenarios'], async (tx) => {
      const entry = { scenario, addedAt: tx.now.toISOString() }
      await this.boundAll(tx, scenario)
      await register(tx.documents(SCENARIOS), scenario.id, entry, MAX_SCENARIOS, 'scenarios')
      return summaryOf(entry)
    })
  }

  /** Throws 413 if the rules of all scenarios are too large together: in the worst case, the events of a run contain them all. */
  private async boundAll(tx: Transaction, scenario: Scenario): Promise<void> {
    const others = (await tx.documents(SCENARIOS).find()).map((entry) => entry.scenario).filter(({ id }) => id !== scenario.id)
    requireMaxBytes(JSON.stringify(rulesOf([...others, scenario])), SCENARIO_RULES_MAX_BYTES, 'The rules of all scenarios together')
  }
}

function summaryOf({ scenario, addedAt }: RegisteredScenario): ScenarioSummary {
  const { id, policies, corpus, alert } = scenario
  return { id, policies, corpus, alert, addedAt }
}

/** Parses the scenario of a file. Throws `HMS_SCENARIO_INVALID` (422) with every finding and its position. */
export function readScenario(file: string, source: string): Scenario {
  const parsed = parseScenario(source, file)
  if (!parsed.ok)
    throw scenarioError(...parsed.findings.map((finding) => ({ pointer: finding.pointer ?? '', detail: formatFinding(finding) })))
  const { scenario } = parsed
  const compiled = compileScenario(scenario)
  if (!compiled.ok) throw scenarioError({ pointer: '/alert', detail: `${file}: ${compiled.message}` })
  // The corpus may be registered later, but never under an invalid id.
  if (!REGISTRY_ID.test(scenario.corpus)) throw scenarioError({ pointer: '/corpus', detail: `${file}: "corpus" is no id of a corpus` })
  const texts = [scenario.alert, ...Object.entries(scenario.boundary ?? {}).flat()]
  const storable = texts.every((text) => typeof text !== 'string' || isPlainText(text))
  if (!storable) throw scenarioError({ pointer: '', detail: `${file}: a text holds NUL` })
  return scenario
}

function scenarioError(...errors: FieldProblem[]): HmsError {
  const detail = errors.map((error) => error.detail).join('; ')
  return new HmsError('HMS_SCENARIO_INVALID', detail, { status: 422, errors, next: [action('scenarios.add')] })
}
