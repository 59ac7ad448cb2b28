import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { apiTypesOf } from '../support/documents/api-types.js'
import { expectGolden } from '../support/documents/golden-file.js'
import { openApiFromSources } from '../support/documents/open-api.js'
import { printJson } from '../support/documents/print-json.js'
import { ROOT } from './root.js'

interface Operation {
  operationId: string
  tags: string[]
  requestBody?: object
  responses: Record<string, { content?: object }>
}

/** `docs/openapi.json` and its types in `docs/openapi.d.ts` match the controllers and their classes; `npm run schemas` rewrites both. */
describe('the OpenAPI document', () => {
  let operations: [name: string, operation: Operation][]
  beforeAll(() => {
    const { paths } = JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8')) as {
      paths: Record<string, Record<string, Operation>>
    }
    operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
    )
  })

  // All types of the repository are read: seconds alone, minutes beside other work.
  it('matches the controllers and their classes, as its types do', { timeout: 600_000 }, async () => {
    const document = await openApiFromSources()
    await expectGolden(`${printJson(document)}\n`, 'docs/openapi.json')
    await expectGolden(await apiTypesOf(document), 'docs/openapi.d.ts')
  })

  it('names the service of each path that is not common to all', () => {
    const shared = /^\w+ \/(livez|readyz|metrics|openapi\.json|asyncapi\.json|docs\/errors\/|v1\/dead-letters\/|v1\/groups\/)/
    const nobodys = operations.filter(([name, { tags }]) => tags.includes('every service') && !shared.test(name))
    expect(nobodys.map(([name]) => name)).toEqual([])
  })

  it('names each operation once', () => {
    const names = operations.map(([, { operationId }]) => operationId)
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
  })

  it('describes the body of every write and of every response', () => {
    const bodiless = /\/(revoke|replay|restore)$/
    expect(operations.filter(([name, { requestBody }]) => !name.startsWith('get ') && !bodiless.test(name) && !requestBody)).toEqual([])
    const answers = operations.flatMap(([name, { responses }]) => ['200', '201', '202'].map((status) => [name, responses[status]] as const))
    expect(answers.filter(([, answer]) => answer !== undefined && answer.content === undefined)).toEqual([])
  })
})
