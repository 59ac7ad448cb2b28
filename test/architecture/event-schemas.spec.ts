import { join } from 'node:path'
import { asyncApi, EVENT_SCHEMAS, EVENT_TYPES } from '#libs/contracts'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { expectGolden } from '../support/documents/golden-file.js'
import { printJson } from '../support/documents/print-json.js'
import { exportedType, programOf } from '../support/documents/program.js'
import { TypeSchemas, type Schema } from '../support/documents/type-schemas.js'
import { ROOT } from './root.js'

const HEADER = `// JSON Schemas of \`EventData\`, made from its types: \`npm run schemas\` writes this file.
import type { EventType } from './events.js'

export type JsonSchema = { readonly [keyword: string]: unknown }
type EventSchemas = { readonly types: Record<EventType, JsonSchema>; readonly $defs: Record<string, JsonSchema> }

export const EVENT_SCHEMAS: EventSchemas =`

/** All types of the repository are read: seconds alone, minutes beside other work. */
const READING_MS = 600_000

describe('the JSON Schemas of events', () => {
  it('are what their types say', { timeout: READING_MS }, async () => {
    const { types, $defs } = fromTypes()
    const text = `${HEADER} ${printJson({ types, $defs })}\n`
    await expectGolden(text, 'libs/contracts/src/event-schemas.ts')
  })

  it('are the payloads of the AsyncAPI document', async () => {
    await expectGolden(`${printJson(asyncApi('0.0.0'))}\n`, 'docs/asyncapi.json')
  })

  it('are there for every type, and mean something to a validator', () => {
    expect(Object.keys(EVENT_SCHEMAS.types).toSorted()).toEqual(EVENT_TYPES.toSorted())
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
    ajv.addSchema({ $id: 'events', $defs: { ...EVENT_SCHEMAS.types, ...EVENT_SCHEMAS.$defs } })
    for (const type of EVENT_TYPES) expect(ajv.compile({ $ref: `events#/$defs/${type}` })(null), type).toBe(false)
  })
})

function fromTypes(): { types: Record<string, Schema>; $defs: Record<string, Schema> } {
  const file = join(ROOT, 'libs/contracts/src/events.ts')
  const program = programOf([file])
  const checker = program.getTypeChecker()
  const schemas = new TypeSchemas(checker, '$defs')
  const types: Record<string, Schema> = {}
  for (const property of checker.getPropertiesOfType(exportedType(program, file, 'EventData'))) {
    types[property.name] = schemas.of(checker.getTypeOfSymbol(property))
  }
  return { types, $defs: Object.fromEntries(Object.entries(schemas.definitions).toSorted(([a], [b]) => (a < b ? -1 : 1))) }
}
