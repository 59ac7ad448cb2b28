import { command, type Json, type JsonObject } from '#libs/contracts'
import {
  type Change,
  changesBetween,
  checkBase,
  compareVersions,
  type Finding,
  isSemVer,
  type Level,
  levelBetween,
  nextVersion,
  pointerOf,
  policyDigest,
  typeOfJson,
  type PolicyDocument,
  type PolicySource,
  Report,
} from '#libs/policy'
import { compileRuleSchema, type RuleSchema } from './schema/compile.js'

export type LintContext = {
  file: string
  profile: 'dev' | 'production'
  /** Version in force for all; `undefined` for a first version. */
  live?: PolicyDocument
  /** Every version ever released of this policy, with its policy digest. */
  used?: readonly UsedVersion[]
  /** Registered schema that the policy names, if there is one. */
  schema?: NamedSchema
  /** `undefined` in the offline linter, which does not check partners. */
  knownPartners?: { ids: readonly string[]; groups: readonly string[] }
  /** False if the registry of schemas is unavailable; default true. */
  checkSchema?: boolean
}

/**
 * Applies all lint rules to one policy; pure: same input, same findings in the same order. A removed field, changed type or unit, or
 * tighter bound needs a major version, other rule data a minor one, new values of `METADATA` and changes of `PIPELINE_KEYS` a patch.
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
  for (const violation of compiled.schema.validate(source.policy))
    report.error('schema-violation', violation.pointer, `${violation.pointer || 'the policy'} ${violation.message} (schema ${name})`)
  return compiled.schema
}

type UsedVersion = { version: string; digest: string }

/** Keys that describe the rule: a new value needs only a patch, but removing one may affect a reader. */
const METADATA = new Set(['effective', 'title', 'description', 'owner', 'tags'])
/** Keys for the pipeline and not for readers: removing one also needs only a patch. */
const PIPELINE_KEYS = new Set(['partners', 'breaking'])

const RANK: Record<Level, number> = { patch: 0, minor: 1, major: 2 }

/** Checks that the version is unused, above the live one, and raised far enough for the changes. */
function checkVersions(
  source: PolicySource,
  live: PolicyDocument | undefined,
  used: readonly UsedVersion[],
  schema: RuleSchema | undefined,
  report: Report,
): void {
  const { version } = source.policy
  const liveDigest = live === undefined ? undefined : policyDigest(live)
  const usedVersions = live === undefined || liveDigest === undefined ? used : [...used, { version: live.version, digest: liveDigest }]
  const reused = usedVersions
    .filter((each) => each.digest !== source.digest && isSemVer(each.version))
    .find((each) => compareVersions(each.version, version) === 0)
  if (reused) {
    const top = usedVersions
      .map((each) => each.version)
      .filter(isSemVer)
      .reduce((a, b) => (compareVersions(a, b) < 0 ? b : a))
    report.error(
      'version-reused',
      '/version',
      `version ${reused.version} was used before with other content`,
      `use ${nextVersion(top, 'patch')} or above`,
    )
    return
  }
  if (!live) return
  if (liveDigest === source.digest) {
    report.error('already-live', '/version', `this policy is live already, as ${live.version}`, 'there is nothing to release')
    return
  }
  const level = levelBetween(live.version, version)
  if (level === undefined) {
    report.error(
      'version-not-higher',
      '/version',
      `version ${version} is not above ${live.version}, which is live`,
      `use ${nextVersion(live.version, 'patch')} or above; to go back, use ${command('rollback.verb')}`,
    )
    return
  }
  for (const change of changesBetween(live, source.policy)) {
    const need = needOf(change, schema)
    if (RANK[need.level] <= RANK[level]) continue
    report.error(
      `needs-${need.level}`,
      pointerOf(change.path),
      `${need.why}, which needs a ${need.level} version above ${live.version}`,
      `use ${nextVersion(live.version, need.level)}`,
    )
  }
}

function needOf({ path, from, to, kind }: Change, schema: RuleSchema | undefined): { level: Level; why: string } {
  const field = `"${path.join('.')}"`
  const [top = ''] = path
  if (top === 'version' || PIPELINE_KEYS.has(top)) return { level: 'patch', why: '' }
  if (top === 'schema') return { level: 'minor', why: 'the schema of the rule data changed' }
  if (kind === 'removed') return { level: 'major', why: `key ${field} is gone` }
  if (METADATA.has(top)) return { level: 'patch', why: '' }
  if (isTighter(schema?.tighteningDirection(path), from, to)) return { level: 'major', why: `bound ${field} is tighter` }
  if (kind === 'added') return { level: 'minor', why: `key ${field} is new` }
  if (path.at(-1) === 'units') return { level: 'major', why: `unit ${field} changed` }
  if (typeOfJson(from) !== typeOfJson(to)) return { level: 'major', why: `${field} changed from ${typeOfJson(from)} to ${typeOfJson(to)}` }
  return { level: 'minor', why: `value ${field} changed` }
}

/** Whether the bound became tighter. A new bound counts as tighter. */
function isTighter(direction: 'lower' | 'higher' | undefined, from: Json | undefined, to: Json | undefined): boolean {
  if (direction === undefined || typeof to !== 'number') return false
  if (from === undefined) return true
  return typeof from === 'number' && (direction === 'lower' ? to < from : to > from)
}
