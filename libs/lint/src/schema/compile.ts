import { Ajv } from 'ajv'
import type { ErrorObject, ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { canonicalJson } from '#libs/contracts'
import type { Json, JsonObject } from '#libs/contracts'
import { pointerOf, POLICY_KNOWN_KEYS, type PolicyDocument } from '#libs/policy'
import type { Steps } from '#libs/pattern'
import { linearFormats } from './linear-formats.js'
import { linearPatterns } from './linear-pattern.js'
import { refuseUnsafe } from './refuse.js'
import { TIGHTER_KEYWORD, tighterAt } from './tighter.js'
import type { Direction } from './tighter.js'

export type SchemaViolation = { pointer: string; message: string }

export type RuleSchema = {
  /** Returns at most 20 violations, by pointer into the policy. */
  validate(policy: PolicyDocument): SchemaViolation[]
  tighter(path: readonly string[]): Direction | undefined
}

export type CompiledSchema = { ok: true; schema: RuleSchema } | { ok: false; code: 'HMS_SCHEMA_REFUSED'; message: string }

const MAX_VIOLATIONS = 20
/** Limit of steps of patterns, formats and item comparisons for one policy: half a second, measured on Node 20. */
const MAX_STEPS = 10_000_000
/** Cache by schema object: compiling costs milliseconds, validating microseconds. */
const compiled = new WeakMap<JsonObject, CompiledSchema>()

/**
 * Compiles a JSON Schema for rule data: 2020-12, or draft-07 and -06 if `$schema` names them. Unknown keywords are ignored; keywords that
 * could harm the process are refused (see `refuseUnsafe`, `linearPatterns`).
 */
export function compileRuleSchema(schema: JsonObject): CompiledSchema {
  const known = compiled.get(schema)
  if (known) return known
  const result = compile(schema)
  compiled.set(schema, result)
  return result
}

function compile(schema: JsonObject): CompiledSchema {
  try {
    refuseUnsafe(schema)
    const { $schema, $id: _id, ...body } = schema
    const steps = { left: MAX_STEPS }
    const validate = engine($schema, steps).compile(body)
    return {
      ok: true,
      schema: {
        validate: (policy) => violations(validate, ruleData(policy, schema), steps),
        tighter: (path) => tighterAt(schema, path),
      },
    }
  } catch (error) {
    return { ok: false, code: 'HMS_SCHEMA_REFUSED', message: error instanceof Error ? error.message : String(error) }
  }
}

function engine(draft: Json | undefined, steps: Steps): Ajv {
  const options = {
    strict: false,
    allErrors: true,
    logger: false,
    multipleOfPrecision: 9,
    formats: linearFormats(steps),
    code: { regExp: Object.assign(linearPatterns(steps), { code: 'linearPattern' }) },
  } as const
  const ajv = typeof draft === 'string' && /draft-0[67]/.test(draft) ? new Ajv(options) : new Ajv2020(options)
  // The library compares every pair of items, which takes minutes for a list of 256 KiB.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: Json[]) => !wanted || areUnique(items, steps),
    error: { message: 'must not hold the same item twice' },
  })
  ajv.addKeyword({ keyword: TIGHTER_KEYWORD, metaSchema: { enum: ['lower', 'higher'] } })
  return ajv
}

/**
 * Returns the rule data, with those known keys that the schema mentions: so a schema may use `additionalProperties: false` without listing
 * `id` or `title`, and may still require `units`.
 */
function ruleData(policy: PolicyDocument, schema: JsonObject): JsonObject {
  const { properties, required } = schema
  const named = new Set<unknown>([
    ...(typeof properties === 'object' && properties !== null ? Object.keys(properties) : []),
    ...(Array.isArray(required) ? required : []),
  ])
  const hidden = new Set<string>(POLICY_KNOWN_KEYS.filter((key) => !named.has(key)))
  return Object.fromEntries(Object.entries(policy).filter(([key]) => !hidden.has(key)))
}

/** Canonical texts are as long as the items, and cost about as much as matching a pattern of one instruction. */
function areUnique(items: readonly Json[], steps: Steps): boolean {
  const seen = new Set<string>()
  for (const item of items) {
    const text = canonicalJson(item)
    steps.left -= text.length
    if (steps.left < 0) throw new RangeError('comparing items takes more steps than it may')
    seen.add(text)
  }
  return seen.size === items.length
}

function violations(validate: ValidateFunction, data: JsonObject, steps: Steps): SchemaViolation[] {
  steps.left = MAX_STEPS
  try {
    if (validate(data)) return []
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return [{ pointer: '', message: `cannot be checked by its schema in ${MAX_STEPS} steps: simplify its patterns, or shorten its texts` }]
  }
  return (validate.errors ?? []).slice(0, MAX_VIOLATIONS).map(toViolation)
}

function toViolation({ instancePath, keyword, params, message = 'is wrong' }: ErrorObject): SchemaViolation {
  const extra = keyword === 'additionalProperties' ? params['additionalProperty'] : params['unevaluatedProperty']
  if (typeof extra === 'string') return { pointer: instancePath + pointerOf([extra]), message: 'is not a key of the schema' }
  const allowed = Array.isArray(params['allowedValues']) ? `: ${JSON.stringify(params['allowedValues']).slice(0, 120)}` : ''
  return { pointer: instancePath, message: message + allowed }
}
