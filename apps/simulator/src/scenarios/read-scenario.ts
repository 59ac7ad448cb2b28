import { action, HmsError } from '#libs/contracts'
import { formatFinding } from '#libs/policy'
import { compileScenario, parseScenario, type Scenario } from '#libs/scenario'
import { REGISTRY_ID } from '../registry-limit.js'

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
  const storable = texts.every((text) => typeof text !== 'string' || isStorable(text))
  if (!storable) throw scenarioError({ pointer: '', detail: `${file}: a text holds NUL` })
  return scenario
}

function scenarioError(...errors: { pointer: string; detail: string }[]): HmsError {
  const detail = errors.map((error) => error.detail).join('; ')
  return new HmsError('HMS_SCENARIO_INVALID', detail, { status: 422, errors, next: [action('scenarios.add')] })
}

/** Whether PostgreSQL's `jsonb` can store the text: it has no form for NUL nor for half a surrogate pair. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}
