import { command, type JsonObject } from '#libs/contracts'
import { checkBase, pointerOf, Report, type Finding, type PolicyDocument, type PolicySource } from '#libs/policy'
import { checkVersions, type UsedVersion } from './versions.js'
import { compileRuleSchema, type RuleSchema } from './schema/compile.js'

export type LintContext = {
  file: string
  profile: 'dev' | 'production'
  /** Version in force for all; without one this is a first version. */
  live?: PolicyDocument
  /** Every version ever released of this policy, with its policy digest. */
  used?: readonly UsedVersion[]
  /** Registered schema that the policy names, if there is one. */
  schema?: NamedSchema
  /** Absent in the offline linter: partners are then not checked. */
  knownPartners?: { ids: readonly string[]; groups: readonly string[] }
  /** False if the registry of schemas is unavailable; default true. */
  checkSchema?: boolean
}

/**
 * Applies all lint rules to one policy, pure and deterministic: same source and context, same findings in the same order. Rules on
 * versions: a removed field, a changed type or unit, or a tighter bound needs a major version, every other change of rule data a minor one.
 * New values of `effective`, `title`, `description`, `owner` and `tags` need only a patch, and so does any change of `partners` and
 * `breaking`, which are instructions for the pipeline.
 */
export function lintPolicy(source: PolicySource, context: LintContext): Finding[] {
  const report = new Report(context.file, source.locate)
  checkBase(source.policy, report)
  if (report.findings.length > 0) return report.sorted()
  const schema = checkOwnSchema(source, context.schema, context.checkSchema ?? true, report)
  checkVersions(source, context.live, context.used ?? [], schema, report)
  checkPartners(source.policy, context, report)
  return report.sorted()
}

function checkPartners(policy: PolicyDocument, { knownPartners, profile }: LintContext, report: Report): void {
  if (!knownPartners) return
  const known = new Set([...knownPartners.ids, ...knownPartners.groups])
  for (const [index, name] of (policy.partners ?? []).entries()) {
    if (known.has(name)) continue
    report.add(
      profile === 'production' ? 'error' : 'warning',
      'partner-unknown',
      pointerOf(['partners', index]),
      `no partner or group ${JSON.stringify(name)} is registered`,
      command('partners.list'),
    )
  }
}

type NamedSchema = { name: string; schema: JsonObject }

/**
 * Validates the rule data against the schema that the policy names, and returns the compiled schema. Without the registry (`mustExist`
 * false, the offline linter) a missing schema is not reported.
 */
function checkOwnSchema(source: PolicySource, given: NamedSchema | undefined, mustExist: boolean, report: Report): RuleSchema | undefined {
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
