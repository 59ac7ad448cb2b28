import { isObject, type Json, type JsonObject } from '#libs/contracts'
import { isPolicyId, pointerOf, readYaml, Report, type Finding } from '#libs/policy'
import { compileExpression } from './expression.js'

/** Behaviour of a correct bot: `alert` is a CEL expression over one `reading` and the policies in force. */
export type Scenario = {
  id: string
  policies: string[]
  corpus: string
  alert: string
  /** Values to test per reading field, or a CEL expression over `policy` for one threshold. Used if `alert` compares nothing. */
  boundary?: Record<string, number[] | string>
}

export type ParsedScenario = { ok: true; scenario: Scenario } | { ok: false; findings: Finding[] }

export const SCENARIO_MAX_BYTES = 64 * 1024
const KEYS = ['id', 'policies', 'corpus', 'alert', 'boundary', 'title', 'description']

/** Parses a scenario file (YAML 1.2 or JSON). Never throws. A scenario that parses also compiles. */
export function parseScenario(bytes: Uint8Array | string, file: string): ParsedScenario {
  const read = readYaml(bytes, file, SCENARIO_MAX_BYTES)
  if (!read.ok) return read
  const report = new Report(file, read.locate)
  const { value } = read
  if (!isObject(value)) report.error('root-not-map', '', 'a scenario is a map of keys and values', 'start with `id: …`')
  else check(value, report)
  if (report.findings.length > 0) return { ok: false, findings: report.sorted() }
  const { id, policies, corpus, alert, boundary } = value as Scenario
  return { ok: true, scenario: { id, policies, corpus, alert, ...(boundary === undefined ? {} : { boundary }) } }
}

function check(value: JsonObject, report: Report): void {
  for (const key of Object.keys(value)) {
    if (KEYS.includes(key)) continue
    report.error('unknown-key', pointerOf([key]), `a scenario has no key ${JSON.stringify(key)}`, `keys are ${KEYS.join(', ')}`)
  }
  const { id, policies, corpus, alert, boundary } = value
  if (!isPolicyId(id)) report.error('id-format', '/id', '"id" is 3–100 characters of a–z, 0–9 and single hyphens')
  const listed = Array.isArray(policies) && policies.length > 0 && policies.every(isPolicyId) ? policies : undefined
  if (!listed) report.error('key-type', '/policies', '"policies" is a list of policy ids', 'policies: [epa-pm25-limit]')
  if (typeof corpus !== 'string' || corpus.trim() === '') report.error('key-type', '/corpus', '"corpus" is the id of a registered corpus')
  if (typeof alert !== 'string') report.error('key-type', '/alert', '"alert" is a CEL expression')
  else checkExpression(alert, '/alert', listed, report)
  if (boundary !== undefined) checkBoundary(boundary, listed, report)
}

function checkExpression(text: string, pointer: string, listed: readonly Json[] | undefined, report: Report): void {
  const compiled = compileExpression(text)
  if (!compiled.ok) {
    report.error('expression', pointer, compiled.message)
    return
  }
  for (const id of compiled.expression.policies) {
    if (!listed || listed.includes(id)) continue
    report.error('policy-not-listed', pointer, `policy ${JSON.stringify(id)} is not listed in "policies"`)
  }
}

function checkBoundary(boundary: Json, listed: readonly Json[] | undefined, report: Report): void {
  if (!isObject(boundary)) {
    report.error('key-type', '/boundary', '"boundary" is a map of reading fields', 'boundary: { pm25: [24.9, 25, 25.1] }')
    return
  }
  for (const [field, values] of Object.entries(boundary)) {
    const pointer = pointerOf(['boundary', field])
    if (typeof values === 'string') checkExpression(values, pointer, listed, report)
    else if (!Array.isArray(values) || values.some((item) => typeof item !== 'number')) {
      report.error('key-type', pointer, `"boundary.${field}" is a list of numbers or a CEL expression`)
    }
  }
}
