import type { JsonObject } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

/** JSON Schema for the rule data of policies that name it in `schema`. */
export interface RegisteredSchema {
  name: string
  schema: JsonObject
  addedAt: string
}

export const SCHEMAS = documentTable<RegisteredSchema>({ name: 'rule_schema', id: (schema) => schema.name, keys: {} })
