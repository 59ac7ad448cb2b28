import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { compatibleWith, hasHistory, textBefore } from '../support/documents/build-before.js'
import { forGenerators } from '../support/documents/for-generators.js'
import { apiBreaks, eventBreaks, tableBreaks, type Json } from '../support/documents/compatibility.js'

const TABLES = 'test/architecture/schemas'

/**
 * Expand, then contract: docs/how-to/upgrade.md. The files that are compared are held against the code by tests of their own. A copy of the
 * repository without its history has nothing to compare with, and says so.
 */
describe.skipIf(!hasHistory())('beside the build before', () => {
  it.each<[string, () => string[]]>([
    ['events', () => eventBreaks(json(textBefore('docs/asyncapi.json')), json(now('docs/asyncapi.json')))],
    ['requests and responses', () => apiBreaks(inOneDialect(json(textBefore('docs/openapi.json'))), json(now('docs/openapi.json')))],
    [
      'tables',
      () => readdirSync(join(ROOT, TABLES)).flatMap((name) => tableBreaks(textBefore(`${TABLES}/${name}`), now(`${TABLES}/${name}`), name)),
    ],
  ])('%s only grow', (_what, breaks) => {
    const said =
      'Make it an addition that the build before can ignore. What nobody uses any more since then goes into `contracted` of compatible-with.json, with why'
    expect(
      breaks().filter((change) => !compatibleWith.contracted.some((known) => known.change === change)),
      said,
    ).toEqual([])
  })
})

/** A document from before the build said it in OpenAPI 3.0. */
function inOneDialect(document: Json): Json {
  return String(document['openapi']).startsWith('3.1') ? (forGenerators(document) as Json) : document
}

function now(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

function json(text: string): Json {
  return JSON.parse(text) as Json
}
