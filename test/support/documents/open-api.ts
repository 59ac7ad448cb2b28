import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SERVICES } from '#libs/contracts'
import { ROOT, sourcesOf } from '../../architecture/root.js'
import { operationsIn } from './http-api.js'
import type { Example } from './parameters.js'
import { exportedType, programOf } from './program.js'
import { TypeSchemas, type Schema } from './type-schemas.js'
import { refineBy } from './validators.js'

const DESCRIPTION =
  'A signed YAML policy becomes a live rule. Errors are problem documents (RFC 9457) with a stable `code`; its `type` is a page ' +
  'of this server that says what to do. With profile dev most routes require no key from loopback.'

const REFUSAL_HEADERS = {
  'Retry-After': { description: 'Seconds to wait, with 429 and 503.', schema: { type: 'integer' } },
  'WWW-Authenticate': { description: 'What the route accepts instead, with 401 (RFC 9110 §11.6.1).', schema: { type: 'string' } },
  Allow: { description: 'Methods of the path, with 405.', schema: { type: 'string' } },
}

/** OpenAPI 3.1 of all services, from the controllers and classes that answer. */
export async function openApiFromSources(): Promise<object> {
  const ours = [...SERVICES.map((service) => `apps/${service}/src`), 'libs/service/src']
  const files = (pattern: RegExp): string[] =>
    ours.flatMap((folder) => sourcesOf(folder, pattern).map(({ path }) => join(ROOT, path))).toSorted()
  const controllers = files(/\.http\.ts$/)
  const problem = join(ROOT, 'libs/contracts/src/problem.ts')
  const ofrep = join(ROOT, 'libs/contracts/src/api/ofrep.ts')
  const program = programOf([...controllers, problem, ofrep])
  const checker = program.getTypeChecker()
  const schemas = new TypeSchemas(checker, 'components/schemas', refineBy(await classesIn(files(/\.dto\.ts$/))))
  const paths: Record<string, Record<string, object>> = {}
  for (const file of controllers) {
    for (const { path, method, operation } of operationsIn(program.getSourceFile(file)!, checker, schemas)) {
      paths[path] = { [method]: withExample(operation), ...paths[path] }
    }
  }
  const problemSchema = schemas.of(exportedType(program, problem, 'Problem'))
  const failureSchema = schemas.of(exportedType(program, ofrep, 'OfrepFailure'))
  return {
    openapi: '3.1.0',
    info: {
      title: 'HMS-SVC',
      version: '0.0.0',
      description: DESCRIPTION,
      contact: { name: 'The people who operate this server' },
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/', description: 'The server that this document comes from.' }],
    tags: [
      ...SERVICES.map((name) => ({ name, description: `Routes that ${name} answers.` })),
      { name: 'every service', description: 'Routes that each service answers for itself.' },
    ],
    paths: sorted(paths),
    components: {
      securitySchemes: {
        signature: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: '`HMS-Statement`, and the request as a statement that a person or the operator of the roster signed.',
        },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same key, as providers of OpenFeature send it.' },
        key: { type: 'http', scheme: 'bearer', description: 'A key with a scope, from `POST /v1/tokens`.' },
      },
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457).',
          headers: REFUSAL_HEADERS,
          content: { 'application/problem+json': { schema: problemSchema } },
        },
        OfrepFailure: {
          description: 'What went wrong, as OFREP says it.',
          headers: REFUSAL_HEADERS,
          content: { 'application/json': { schema: failureSchema } },
        },
      },
      schemas: sorted(schemas.definitions),
    },
  }
}

/** Recorded from an installation, by operation: `npm run schemas` puts them into the document, and a test sends the requests. */
const EXAMPLES = JSON.parse(readFileSync(new URL('examples.json', import.meta.url), 'utf8')) as Record<string, Example>

interface Described {
  parameters?: { name: string }[]
  requestBody?: { content: Record<string, object> }
  responses: Record<string, { content?: Record<string, object> }>
}

function withExample(operation: Schema): Schema {
  const { parameters: values = {}, request, response } = EXAMPLES[operation['operationId'] as string] ?? {}
  const { parameters = [], requestBody, responses } = operation as unknown as Described
  for (const parameter of parameters) if (parameter.name in values) Object.assign(parameter, { example: values[parameter.name] })
  if (request !== undefined) Object.assign(Object.values(requestBody!.content)[0]!, { example: request })
  const done = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content ?? {}
  if (response !== undefined) Object.assign(Object.values(done)[0]!, { example: response })
  return operation
}

async function classesIn(files: readonly string[]): Promise<Map<string, new () => object>> {
  const classes = new Map<string, new () => object>()
  for (const file of files) {
    const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>
    for (const [name, value] of Object.entries(module)) if (typeof value === 'function') classes.set(name, value as new () => object)
  }
  return classes
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
