import type { Schema } from './type-schemas.js'

/** Members of responses that are numbers, but not always whole; `OWNER.member` where another schema counts under the same name. */
const FRACTIONS = new Set(
  `chance cohortHours controlHours evidence lat latencyMs lon power predicted rate value values
  CanaryFigures.expected CanaryFigures.limit CanaryPoint.expected TopicGroup.seconds`.split(/\s+/),
)
/** An object of numbers that are not always whole. */
const FRACTIONAL = new Set(['RunClock.seconds'])

/** Strings that are always a time (RFC 3339). */
const TIMES = /^(?:at|\w+At|observeUntil|leaseUntil|storedAt)$/

/**
 * Patterns whose classes neither Go nor Python knows, each with a portable one that matches at least the same texts: the server refuses what
 * only the portable one matches.
 */
const PORTABLE = new Map([
  ['^[^\\p{C}]*$', '^[^\\x00-\\x1f\\x7f]*$'],
  ['^[\\p{L}\\p{N}._-]+$', '^[^\\x00-\\x2c\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f]+$'],
])

/**
 * Says a document of OpenAPI 3.1 in the words that generators of clients know: 3.0.3, each schema with one type, whole numbers as integers,
 * times with their format, and patterns that RE2 and Python read. What it describes stays the same.
 */
export function forGenerators(document: object): object {
  const { schemas } = (document as { components: { schemas: Record<string, Schema> } }).components
  const said = new Dialect(schemas).walk(document, []) as Described
  return { ...said, openapi: '3.0.3', components: { ...said.components, schemas: used(said) } }
}

interface Described {
  components: { schemas: Record<string, Schema> }
}

/** Definitions without those that only stood where null may stand too. */
function used(document: Described): Record<string, Schema> {
  const { schemas } = document.components
  const seen = new Set<string>()
  const follow = (value: unknown): void => {
    for (const [, name] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (seen.has(name!)) continue
      seen.add(name!)
      follow(schemas[name!])
    }
  }
  follow({ ...document, components: { ...document.components, schemas: {} } })
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => seen.has(name)))
}

class Dialect {
  constructor(private readonly definitions: Record<string, Schema>) {}

  /** Anything of a document. `place`: names of the definition or parameter, and of the members, that lead to it. */
  walk(value: unknown, place: readonly string[]): unknown {
    if (Array.isArray(value)) return value.map((each) => this.walk(each, place))
    if (typeof value !== 'object' || value === null) return value
    const { name } = value as { name?: unknown }
    return Object.fromEntries(
      Object.entries(value).map(([key, each]): [string, unknown] => {
        if (key === 'example') return [key, each]
        if (key === 'schema') return [key, this.plain(each as Schema, [...place, String(name ?? '')])]
        return [key, key === 'schemas' ? this.each(each as Record<string, Schema>, place) : this.walk(each, place)]
      }),
    )
  }

  private each(schemas: Record<string, Schema>, place: readonly string[]): Record<string, Schema> {
    return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, this.plain(schema, [...place, name])]))
  }

  private plain(schema: Schema, place: readonly string[]): Schema {
    const { anyOf, type, const: only, enum: words, prefixItems, items, properties, additionalProperties: others, ...rest } = schema
    const alternatives = [
      ...((anyOf ?? []) as Schema[]),
      ...(Array.isArray(type) ? type.map((each: string): Schema => ({ type: each })) : []),
    ]
    if (alternatives.length > 0) return { ...rest, ...this.oneOf(alternatives, place) }
    const values = only === undefined ? (words as unknown[] | undefined) : [only]
    if (values !== undefined) return { ...rest, ...ofValues(values) }
    // Every tuple of this API is of one type.
    const item = (prefixItems as Schema[] | undefined)?.[0] ?? (items as Schema | undefined)
    const isWhole = type === 'integer' || (type === 'number' && !isFraction(place))
    const { pattern, format } = rest as { pattern?: string; format?: string }
    return {
      ...rest,
      ...(type === undefined ? {} : { type: isWhole ? 'integer' : type }),
      ...(isWhole ? { format: 'int64' } : {}),
      ...(type === 'string' && format === undefined && TIMES.test(place.at(-1) ?? '') ? { format: 'date-time' } : {}),
      ...(pattern === undefined ? {} : { pattern: PORTABLE.get(pattern) ?? pattern }),
      ...(item === undefined ? {} : { items: this.plain(item, place) }),
      ...(properties === undefined ? {} : { properties: this.each(properties as Record<string, Schema>, place) }),
      ...(others === undefined ? {} : { additionalProperties: typeof others === 'object' ? this.plain(others as Schema, place) : others }),
    }
  }

  private oneOf(alternatives: readonly Schema[], place: readonly string[]): Schema {
    const schemas = alternatives.filter(({ type }) => type !== 'null').map((each) => this.plain(each, place))
    const [first, ...more] = schemas.length < alternatives.length ? [this.orNull(schemas[0]!), ...schemas.slice(1)] : schemas
    return more.length > 0 ? { anyOf: [first, ...more] } : first!
  }

  /**
   * Permits null beside a type and in a list of words, because validators look for it there alone. A definition is repeated for that: beside
   * a reference a validator refuses null, and a generator looks for no null behind one.
   */
  private orNull(schema: Schema): Schema {
    const { $ref, anyOf, enum: words } = schema as { $ref?: string; anyOf?: Schema[]; enum?: unknown[] }
    if ($ref !== undefined) {
      const name = $ref.split('/').at(-1)!
      return this.orNull(this.plain(this.definitions[name]!, [name]))
    }
    if (anyOf !== undefined) return { ...schema, anyOf: [this.orNull(anyOf[0]!), ...anyOf.slice(1)] }
    if (schema.type === undefined) return schema
    return { ...opened(schema), nullable: true, ...(words === undefined ? {} : { enum: [...words, null] }) }
  }
}

/** Says that members may come that a type without a name leaves out, such as those of a report of which clients read a part. */
function opened(schema: Schema): Schema {
  if (schema.items !== undefined) return { ...schema, items: opened(schema.items as Schema) }
  if (schema.type !== 'object' || schema.additionalProperties !== undefined) return schema
  const members = Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(([name, each]) => [name, opened(each)])
  return { ...schema, properties: Object.fromEntries(members) as Schema, additionalProperties: true }
}

function isFraction(place: readonly string[]): boolean {
  const [member = '', owner = ''] = place.toReversed()
  return FRACTIONS.has(member) || FRACTIONS.has(`${owner}.${member}`) || FRACTIONAL.has(place.slice(-3, -1).join('.'))
}

/** A list of values has their type. `true` alone is any boolean: generators know no list of booleans. */
function ofValues(values: readonly unknown[]): Schema {
  const known = values.filter((value) => value !== null)
  const nullable = known.length < values.length ? { nullable: true } : {}
  const type = typeof known[0]
  if (type === 'boolean') return { type, ...nullable }
  return { type: type === 'number' ? 'integer' : type, ...nullable, enum: values }
}
