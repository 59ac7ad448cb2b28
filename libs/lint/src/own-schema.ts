import { command, type JsonObject } from '#libs/contracts'
import type { PolicySource, Report } from '#libs/policy'
import { compileRuleSchema } from './schema/compile.js'
import type { RuleSchema } from './schema/compile.js'

export type NamedSchema = { name: string; schema: JsonObject }

/**
 * Validates the rule data against the schema that the policy names, and returns the compiled schema. Without the registry (`mustExist`
 * false, the offline linter) a missing schema is not reported.
 */
export function checkOwnSchema(
  source: PolicySource,
  given: NamedSchema | undefined,
  mustExist: boolean,
  report: Report,
): RuleSchema | undefined {
  const name = source.policy.schema
  if (name === undefined) return undefined
  if (given?.name !== name) {
    if (mustExist) {
      const hint = command('schemas.add', { name })
      report.error('schema-unknown', '/schema', `no schema ${JSON.stringify(name)} is registered`, hint)
    }
    return undefined
  }
  const compiled = compileRuleSchema(given.schema)
  if (!compiled.ok) {
    report.error('schema-broken', '/schema', `schema ${JSON.stringify(name)} cannot be used: ${compiled.message}`, 'register it again')
    return undefined
  }
  for (const violation of compiled.schema.validate(source.policy)) {
    report.error('schema-violation', violation.pointer, `${violation.pointer || 'the policy'} ${violation.message} (schema ${name})`)
  }
  return compiled.schema
}
