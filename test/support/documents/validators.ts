import { getMetadataStorage } from 'class-validator'
import type { Schema } from './type-schemas.js'

type Refine = (schema: Schema, constraints: readonly unknown[]) => Schema

/** What a decorator of class-validator demands, in the words of JSON Schema; those that are not here say nothing that it has words for. */
const REFINEMENTS: Record<string, Refine> = {
  isInt: (schema) => ({ ...schema, type: 'integer' }),
  min: (schema, [minimum]) => ({ ...schema, minimum }),
  max: (schema, [maximum]) => ({ ...schema, maximum }),
  minLength: (schema, [minLength]) => ({ ...schema, minLength }),
  maxLength: (schema, [maxLength]) => ({ ...schema, maxLength }),
  isLength: (schema, [minLength, maxLength]) => ({ ...schema, minLength, ...(maxLength === undefined ? {} : { maxLength }) }),
  isNameOf: (schema, [maxLength]) => ({ ...schema, maxLength }),
  isNotEmpty: (schema) => ({ minLength: 1, ...schema }),
  matches: (schema, [pattern]) => ({ ...schema, pattern: (pattern as RegExp).source }),
  isIso8601: (schema) => ({ ...schema, format: 'date-time' }),
  isTime: (schema) => ({ ...schema, format: 'date-time' }),
  isIn: (schema, [values]) => ({ ...schema, enum: values }),
  arrayMinSize: (schema, [minItems]) => ({ ...schema, minItems }),
  arrayMaxSize: (schema, [maxItems]) => ({ ...schema, maxItems }),
  arrayUnique: (schema) => ({ ...schema, uniqueItems: true }),
}

/** Adds to the schema of a member what its validators demand beyond its type. */
export function refineBy(classes: ReadonlyMap<string, new () => object>): (className: string, member: string, schema: Schema) => Schema {
  return (className, member, schema) => {
    const shape = classes.get(className)
    if (shape === undefined) return schema
    const rules = getMetadataStorage().getTargetValidationMetadatas(shape, '', false, false)
    return rules
      .filter(({ propertyName }) => propertyName === member)
      .reduce((before, { name, constraints, each }) => {
        const refine = REFINEMENTS[name ?? '']
        if (refine === undefined) return before
        const given = (constraints ?? []) as unknown[]
        return each ? { ...before, items: refine((before.items ?? {}) as Schema, given) } : refine(before, given)
      }, schema)
  }
}
