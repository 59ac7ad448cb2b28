import { EVENT_TYPES } from '#libs/contracts'
import { docsDocument } from '#libs/platform'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { asyncApiFromSources } from '../support/documents/async-api.js'
import { expectGolden } from '../support/documents/golden-file.js'
import { printJson } from '../support/documents/print-json.js'

/** All types of the repository are read: seconds alone, minutes beside other work. */
const READING_MS = 600_000

/** `docs/asyncapi.json` matches the topics and the types of events; `npm run schemas` rewrites it. Consumers validate events by it. */
describe('the AsyncAPI document', () => {
  it('matches the catalogue of topics and the types of events', { timeout: READING_MS }, async () => {
    await expectGolden(`${printJson(asyncApiFromSources())}\n`, 'docs/asyncapi.json')
  })

  it('has a schema of every type that means something to a validator', () => {
    const { schemas } = docsDocument<{ components: { schemas: Record<string, object> } }>('asyncapi.json').components
    const { CloudEvent: _headers, ...ofData } = schemas
    const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, keywords: ['components'] })
    ajv.addSchema({ $id: 'events', components: { schemas: ofData } })
    for (const type of EVENT_TYPES) expect(ajv.compile({ $ref: `events#/components/schemas/${type}` })(null), type).toBe(false)
  })
})
