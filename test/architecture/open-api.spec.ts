import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signRequest } from '#libs/signing'
import { apiTypesOf } from '../support/documents/api-types.js'
import { forGenerators } from '../support/documents/for-generators.js'
import { expectGolden } from '../support/documents/golden-file.js'
import { openApiFromSources } from '../support/documents/open-api.js'
import { printJson } from '../support/documents/print-json.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { ROOT } from './root.js'

interface Media {
  schema: object
  example?: unknown
}

interface Operation {
  operationId: string
  tags: string[]
  summary: string
  parameters?: { name: string; in: string; description?: string; example?: unknown; schema: object }[]
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
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
    await expectGolden(`${printJson(forGenerators(document))}\n`, 'docs/openapi.json')
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

  it('has a sentence for each operation and each parameter', () => {
    const texts = operations.flatMap(([name, { summary, parameters = [] }]) => [
      [name, summary] as const,
      ...parameters.map((parameter) => [`${name} ${parameter.name}`, parameter.description ?? ''] as const),
    ])
    expect(texts.filter(([, text]) => !/^[A-Z`].*[.`]$/.test(text))).toEqual([])
  })
})

/** `test/support/documents/examples.json` was recorded from an installation. */
describe('the examples of the OpenAPI document', () => {
  let system: MemorySystem
  let document: { paths: Record<string, Record<string, Operation>>; components: object }
  let operations: [path: string, operation: Operation][]
  beforeAll(async () => {
    document = JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8')) as typeof document
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation): [string, Operation] => [path, operation]),
    )
    system = await startMemorySystem()
  })
  afterAll(() => system.stop())

  const mediaOf = ({ requestBody, responses }: Operation): Media[] =>
    [requestBody, ...Object.values(responses)].flatMap((each) => Object.values(each?.content ?? {}))

  it('are there for each operation', () => {
    const without = operations.filter(([, operation]) =>
      [...mediaOf(operation), ...(operation.parameters ?? [])].every(({ example }) => example === undefined),
    )
    expect(without.map(([, { operationId }]) => operationId)).toEqual([])
    const bodies = operations.filter(([, { requestBody }]) =>
      Object.values(requestBody?.content ?? {}).some(({ example }) => example === undefined),
    )
    expect(bodies.map(([, { operationId }]) => operationId)).toEqual([])
  })

  it('match their schemas', () => {
    const ajv = formats.default(new Ajv2020({ strict: false })).addSchema({ $id: 'api', components: document.components })
    const wrong = operations.flatMap(([, operation]) =>
      [...mediaOf(operation), ...(operation.parameters ?? [])].flatMap(({ schema, example }) => {
        if (example === undefined) return []
        const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object
        return ajv.validate(local, example) ? [] : [`${operation.operationId}: ${ajv.errorsText()}`]
      }),
    )
    expect(wrong).toEqual([])
  })

  it('are requests that the services accept, or refuse for what they have not stored', async () => {
    const answers = new Map<string, string>()
    for (const [path, { operationId, parameters = [], requestBody }] of operations) {
      const [example] = Object.values(requestBody?.content ?? {}).map((media) => media.example)
      if (example === undefined) continue
      const inPath = parameters.filter((parameter) => parameter.in === 'path')
      const url = inPath.reduce((before, { name, example: value }) => before.replace(`{${name}}`, encodeURIComponent(String(value))), path)
      const body = JSON.stringify(example)
      const signable = { method: 'POST', path: url, body: Buffer.from(body), at: system.clock.now(), audience: system.roster.installation }
      const headers = { 'content-type': 'application/json', authorization: await signRequest(system.operator, signable) }
      const response = await fetch(system.url + url, { method: 'POST', headers, body })
      const refused = response.ok ? {} : ((await response.json()) as { code?: string; errorCode?: string })
      answers.set(operationId, response.ok ? 'accepted' : (refused.code ?? refused.errorCode!))
    }
    expect(Object.fromEntries(answers)).toMatchInlineSnapshot(`
      {
        "alertsReport": "accepted",
        "approvalsDecide": "HMS_APPROVER_SIGNER_UNKNOWN",
        "approvalsPrepare": "accepted",
        "approvalsSign": "HMS_APPROVER_SIGNER_UNKNOWN",
        "approvalsTrial": "accepted",
        "botsAdd": "accepted",
        "breakGlassPrepare": "accepted",
        "breakGlassSign": "HMS_APPROVER_SIGNER_UNKNOWN",
        "corporaAdd": "accepted",
        "deadLettersDecide": "HMS_DEAD_LETTER_SIGNATURE_INVALID",
        "deadLettersDiscard": "HMS_DEAD_LETTER_NOT_FOUND",
        "dryRunLint": "accepted",
        "evaluateAll": "accepted",
        "evaluateOne": "FLAG_NOT_FOUND",
        "freezesDeclare": "HMS_FREEZE_SIGNATURE_INVALID",
        "freezesLift": "HMS_FREEZE_SIGNATURE_INVALID",
        "headsRefresh": "HMS_FRESHNESS_INVALID",
        "headsStore": "HMS_HEAD_SIGNER",
        "partnerTestsTest": "accepted",
        "partnersAdd": "accepted",
        "policiesRestore": "HMS_POLICY_NOT_FOUND",
        "receiptsAcknowledge": "HMS_RECEIPT_UNKNOWN",
        "redriveMany": "accepted",
        "redriveOne": "HMS_DELIVERY_UNKNOWN",
        "resubscribeResubscribe": "HMS_PARTNER_CHANNEL_UNKNOWN",
        "rollbacksCreate": "HMS_ROLLOUT_NOTHING_LIVE",
        "rosterPropose": "HMS_ROSTER_INSTALLATION",
        "rosterSign": "HMS_ROSTER_SIGNER_UNKNOWN",
        "runsDecide": "HMS_APPROVER_SIGNER_UNKNOWN",
        "scenariosAdd": "accepted",
        "schemasAdd": "accepted",
        "simulationsTry": "accepted",
        "ticketsDecide": "HMS_APPROVER_SIGNER_UNKNOWN",
        "tokensCreate": "accepted",
        "unsubscribesUnsubscribe": "HMS_UNSUBSCRIBE_UNKNOWN",
        "withdrawalsCreate": "HMS_WITHDRAWAL_SIGNATURE_INVALID",
      }
    `)
  })
})
