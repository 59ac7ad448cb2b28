import { Ajv, type ErrorObject, type Format, type ValidateFunction } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { canonicalJson, isObject, type Json, type JsonObject, remembered } from '#libs/contracts'
import { pointerOf, POLICY_KNOWN_KEYS, type PolicyDocument } from '#libs/policy'
import { type Steps, compilePattern, PatternRefused } from '#libs/pattern'
import { refuseUnsafe, resolveRef } from './refuse.js'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import { isUrl } from './url.js'

export type SchemaViolation = { pointer: string; message: string }

export type RuleSchema = {
  /** Returns at most 20 violations, by pointer into the policy. */
  validate(policy: PolicyDocument): SchemaViolation[]
  tighteningDirection(path: readonly string[]): Direction | undefined
  /** Whether the value at a path is a `number`, which may have a fraction, and not an `integer`. */
  isNumber(path: readonly string[]): boolean
}

export type CompiledSchema = { ok: true; schema: RuleSchema } | { ok: false; code: 'HMS_SCHEMA_REFUSED'; message: string }

const MAX_VIOLATIONS = 20
/** Maximum steps of patterns, formats and item comparisons for one policy: half a second, measured on Node 20. */
const MAX_STEPS = 10_000_000
const MAX_CACHED = 64
/** Cache by the schema's text: compiling costs milliseconds, validating microseconds. */
const cache = new Map<string, CompiledSchema>()

/**
 * Compiles a JSON Schema for rule data: 2020-12, or draft-07 and -06 if `$schema` names them. Unknown keywords are ignored; keywords that
 * could harm the process are refused (see `refuseUnsafe`, `linearPatterns`).
 */
export function compileRuleSchema(schema: JsonObject): CompiledSchema {
  try {
    return remembered(cache, MAX_CACHED, JSON.stringify(schema), () => ({ ok: true, schema: compile(schema) }))
  } catch (error) {
    return { ok: false, code: 'HMS_SCHEMA_REFUSED', message: error instanceof Error ? error.message : String(error) }
  }
}

function compile(schema: JsonObject): RuleSchema {
  refuseUnsafe(schema)
  const { $schema, $id: _id, ...body } = schema
  const steps = { left: MAX_STEPS }
  const patterns = linearPatterns(steps)
  const validate = engine($schema, steps, patterns).compile(body)
  return {
    validate: (policy) => violations(validate, ruleData(policy, schema), steps),
    tighteningDirection: (path) => tighteningDirectionAt(schema, path, patterns),
    isNumber: (path) => {
      const types = new Set(schemasAt(schema, path, patterns).flatMap(({ type }) => type ?? []))
      return types.has('number') && !types.has('integer')
    },
  }
}

function engine(draft: Json | undefined, steps: Steps, patterns: Patterns): Ajv {
  const options = {
    strict: false,
    allErrors: true,
    logger: false,
    multipleOfPrecision: 9,
    formats: linearFormats(steps),
    code: { regExp: Object.assign(patterns, { code: 'linearPattern' }) },
  } as const
  const ajv = typeof draft === 'string' && /draft-0[67]/.test(draft) ? new Ajv(options) : new Ajv2020(options)
  // The library compares every pair of items, which takes minutes for a list of 256 KiB.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: Json[]) => !wanted || areUnique(items, steps),
    error: { message: 'must not contain the same item twice' },
  })
  ajv.addKeyword({ keyword: TIGHTER_KEYWORD, metaSchema: { enum: ['lower', 'higher'] } })
  return ajv
}

/**
 * Returns the policy without the known keys (`id`, `title`, …) that the schema does not mention. A schema may therefore use
 * `additionalProperties: false` without listing them, and may still require `units`.
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

/** Whether all items are distinct. Charges a step per character of their canonical texts. */
function areUnique(items: readonly Json[], steps: Steps): boolean {
  const seen = new Set<string>()
  for (const item of items) {
    const text = canonicalJson(item)
    steps.left -= text.length
    if (steps.left < 0) throw new RangeError('comparing items exceeds the step limit')
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

/** Replacements for formats of ajv-formats whose own check takes more than linear time. */
const LINEAR_FORMATS: Readonly<Record<string, (text: string) => boolean>> = { url: isUrl } // guard: format-url

/** Returns all formats of ajv-formats. Each checks a text in linear time; the characters are charged to `steps`, as for patterns. */
function linearFormats(steps: Steps): Record<string, Format> {
  return Object.fromEntries(
    Object.entries(fullFormats).map(([name, format]) => [name, chargingFormat(LINEAR_FORMATS[name] ?? format, steps)]),
  )
}

function chargingFormat(format: Format, steps: Steps): Format {
  if (typeof format === 'object' && !(format instanceof RegExp) && format.type === 'number') return format
  const check = checkOf(format)
  if (check === undefined) return format
  return (text: string) => {
    steps.left -= text.length // guard: format-steps
    if (steps.left < 0) throw new RangeError('checking a format exceeds the step limit')
    return check(text)
  }
}

/** Returns the check of a format; undefined for a format that accepts any text. */
function checkOf(format: unknown): ((text: string) => boolean) | undefined {
  if (typeof format === 'function') return format as (text: string) => boolean
  if (format instanceof RegExp) return (text) => format.test(text)
  return typeof format === 'object' && format !== null && 'validate' in format ? checkOf(format.validate) : undefined
}

const MAX_PATTERN = 512
const MAX_TEXT = 4096
/** Maximum instructions of all patterns of a schema: compiling takes up to 0.1 ms for each. */
const MAX_INSTRUCTIONS = 10_000

/** Regular expression as ajv uses it. */
interface LinearPattern {
  test: (text: string) => boolean
  /** Same as `test`, but `false` if the remaining steps might not suffice. */
  matches: (text: string) => boolean
  toString: () => string
}
type Patterns = (pattern: string) => LinearPattern

/**
 * Compiles patterns of a registered schema as RE2 and charges steps to `steps`, so neither `^(a+)+$` nor a thousand optional repetitions
 * hang the linter. Compiling refuses look-around, back-references and excess repetition. No text over 4,096 characters matches.
 */
function linearPatterns(steps: Steps): Patterns {
  const known = new Map<string, LinearPattern>()
  let instructions = 0
  return (pattern) => {
    if (known.has(pattern)) return known.get(pattern)!
    if (pattern.length > MAX_PATTERN) throw new PatternRefused(`a pattern has at most ${MAX_PATTERN} characters`)
    const compiled = compilePattern(pattern)
    instructions += compiled.size
    if (instructions > MAX_INSTRUCTIONS)
      throw new PatternRefused(`its patterns compile to more than ${MAX_INSTRUCTIONS} instructions; bounded repetitions are expanded`)
    const linear: LinearPattern = {
      test: (text) => text.length <= MAX_TEXT && compiled.test(text, steps),
      matches: (text) => compiled.size * (text.length + 1) <= steps.left && linear.test(text),
      // ajv identifies compiled patterns by their text: without this, it would use the first one for all.
      toString: () => pattern,
    }
    known.set(pattern, linear)
    return linear
  }
}

type Direction = 'lower' | 'higher'
const TIGHTER_KEYWORD = 'x-hms-tighter'

/** Returns the direction in which a bound at `path` gets tighter, by the schema's `"x-hms-tighter": "lower"|"higher"`, if any. */
function tighteningDirectionAt(root: JsonObject, path: readonly string[], patterns: Patterns): Direction | undefined {
  const found = schemasAt(root, path, patterns)
    .map((node) => node[TIGHTER_KEYWORD])
    .find((value) => value === 'lower' || value === 'higher')
  return found as Direction | undefined
}

function schemasAt(root: JsonObject, path: readonly string[], patterns: Patterns): JsonObject[] {
  let nodes = applicableSchemas(root, [root])
  for (const part of path) {
    const children = nodes.flatMap((node) => childSchemas(node, part, patterns))
    nodes = applicableSchemas(root, children)
  }
  return nodes
}

/** Returns `start` and all other schemas that apply to the same value, by `$ref`, `allOf`, `anyOf`, `oneOf`, `then` or `else`. */
function applicableSchemas(root: JsonObject, start: readonly (Json | undefined)[]): JsonObject[] {
  const seen = new Set<JsonObject>()
  const open = [...start]
  while (open.length > 0) {
    const node = open.pop()
    if (!isObject(node) || seen.has(node)) continue
    seen.add(node)
    if (typeof node['$ref'] === 'string') open.push(resolveRef(root, node['$ref']))
    for (const key of ['allOf', 'anyOf', 'oneOf']) {
      const members = node[key]
      if (Array.isArray(members)) open.push(...members)
    }
    open.push(node['then'], node['else'])
  }
  return [...seen]
}

/** Whether a pattern matches. A refused pattern, which ajv does not compile in a subschema that permits everything, does not match. */
function isMatch(patterns: Patterns, pattern: string, part: string): boolean {
  try {
    return patterns(pattern).matches(part)
  } catch (error) {
    if (error instanceof PatternRefused) return false
    throw error
  }
}

function childSchemas(node: JsonObject, part: string, patterns: Patterns): (Json | undefined)[] {
  const { properties, patternProperties, additionalProperties, prefixItems, items } = node
  const named = isObject(properties) && Object.hasOwn(properties, part) ? [properties[part]] : []
  const keyed = Object.entries(isObject(patternProperties) ? patternProperties : {})
  const matching = keyed.filter(([pattern]) => isMatch(patterns, pattern, part)).map(([, schema]) => schema)
  // `applicableSchemas` visits the last schema first.
  if (named.length + matching.length > 0) return [...matching, ...named]
  const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : []
  return [additionalProperties, tuple[Number(part)] ?? (Array.isArray(items) ? undefined : items)]
}
