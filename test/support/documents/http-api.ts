import ts from 'typescript'
import { OFREP_PATH, SERVICE_PATHS, SERVICES } from '#libs/contracts'
import { isWrite } from '#libs/platform'
import { describedParameter } from './parameters.js'
import type { Schema, TypeSchemas } from './type-schemas.js'

const METHODS = ['Get', 'Post', 'Put', 'Patch', 'Delete', 'Sse']
const PROBLEM = { $ref: '#/components/responses/Problem' }
const OFREP_FAILURE = { $ref: '#/components/responses/OfrepFailure' }
const SIGNED = { signature: [] }
const KEY = { key: [] }
const API_KEY = { apiKey: [] }

export interface Operation {
  path: string
  method: string
  operation: Schema
}

/** What controllers say of their routes: decorators, types of what they take and answer, and the comments above them. */
export function operationsIn(source: ts.SourceFile, checker: ts.TypeChecker, schemas: TypeSchemas): Operation[] {
  return source.statements.filter(ts.isClassDeclaration).flatMap((controller) => {
    const prefix = decoratorsOf(controller).get('Controller')
    if (prefix === undefined) return []
    const names = { tag: controller.name!.text.replace(/Controller$/, ''), prefix: textOf(prefix[0]) ?? '' }
    const methods = [controller, ...ancestorsOf(controller, checker)].flatMap((each) => each.members.filter(ts.isMethodDeclaration))
    return methods.flatMap((method) => operationOf(method, decoratorsOf(controller), names, checker, schemas))
  })
}

type Decorators = Map<string, readonly ts.Expression[]>

function operationOf(
  method: ts.MethodDeclaration,
  ofClass: Decorators,
  { tag, prefix }: { tag: string; prefix: string },
  checker: ts.TypeChecker,
  schemas: TypeSchemas,
): Operation[] {
  const decorators = decoratorsOf(method)
  const verb = METHODS.find((name) => decorators.has(name))
  if (verb === undefined) return []
  const url = `/${[prefix, textOf(decorators.get(verb)![0]) ?? ''].filter((part) => part !== '').join('/')}`
  const path = url.replaceAll(/:([A-Za-z]+)/g, '{$1}').replaceAll('*', '{path}')
  const name = (method.name as ts.Identifier).text
  const summary = commentOf(checker.getSymbolAtLocation(method.name), checker)
  if (summary === '') throw new TypeError(`${tag}.${name} has no sentence above it`)
  const taken = method.parameters.flatMap((parameter) => takenBy(parameter, path, checker, schemas))
  const inPath = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, each]) => ({
    name: each!,
    in: 'path',
    required: true,
    description: describedParameter(each!, path),
    schema: { type: 'string' },
  }))
  const parameters = [
    ...inPath,
    ...pagedBy(
      decorators,
      taken.flatMap(({ parameters: each = [] }) => each),
    ),
    ...(verb === 'Post' && isWrite({ method: 'POST', url }) ? [IDEMPOTENCY_KEY] : []),
  ]
  const body = taken.find(({ body: each }) => each !== undefined)?.body
  const status = Number(decorators.get('HttpCode')?.[0]?.getText() ?? (verb === 'Post' ? 201 : 200))
  const refused = url.startsWith(`${OFREP_PATH}/v1/evaluate/`) ? OFREP_FAILURE : PROBLEM
  const operation = {
    operationId: `${tag[0]!.toLowerCase()}${tag.slice(1)}${name[0]!.toUpperCase()}${name.slice(1)}`,
    tags: [
      SERVICES.find((service) => SERVICE_PATHS[service].some((each) => url === each || url.startsWith(`${each}/`))) ?? 'every service',
    ],
    summary: summary.split(/(?<=\.) (?=[A-Z`])/)[0],
    description: summary,
    security: [...securityOf(verb, decorators, ofClass), ...(url.startsWith(`${OFREP_PATH}/`) ? [API_KEY] : [])],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: {
      [status]: { ...answerOf(method, verb, decorators, checker, schemas), ...headersOf(verb, url, parameters, decorators) },
      ...(isKept(verb, parameters) && !isStream(url) ? { '304': NOT_MODIFIED } : {}),
      ...(url.startsWith('/docs/errors/')
        ? { '404': { ...answer('text/plain', { type: 'string' }), description: 'no code of ours' } }
        : {}),
      '4XX': refused,
      '5XX': refused,
    },
  }
  return [{ path, method: verb === 'Sse' ? 'get' : verb.toLowerCase(), operation }]
}

/** Reads carry an `ETag`, but for those that do not end; a POST that only reads takes `If-None-Match` too where it says so. */
function isKept(verb: string, parameters: readonly object[]): boolean {
  return verb === 'Get' || parameters.some((each) => 'name' in each && each.name === 'if-none-match')
}

/** Streams have no `ETag`. */
function isStream(url: string): boolean {
  return /\/(export|events)$/.test(url)
}

const NOT_MODIFIED = { description: 'What `If-None-Match` names is still what would be answered.' }

/** A list takes `limit` and the opaque `cursor` of its pages, whatever its handler reads of them. */
function pagedBy(decorators: Decorators, parameters: object[]): object[] {
  if (!isPaged(decorators)) return parameters
  const nameOf = (parameter: object): string => (parameter as { name: string }).name
  const query = (name: string, schema: Schema): object => ({
    name,
    in: 'query',
    required: false,
    description: describedParameter(name, ''),
    schema,
  })
  const limit = query('limit', { type: 'integer', minimum: 1, maximum: 1000 })
  const own = parameters.filter((each) => !(nameOf(each) === 'limit' && (each as { schema: Schema }).schema['maximum'] === 1001))
  return [...own, ...(own.some((each) => nameOf(each) === 'limit') ? [] : [limit]), query('cursor', { type: 'string', maxLength: 2000 })]
}

function isPaged(decorators: Decorators): boolean {
  return decorators.has('Paged')
}

/** Headers of a response that a client acts on. */
function headersOf(verb: string, url: string, parameters: readonly object[], decorators: Decorators): object {
  const header = (description: string, schema: Schema = { type: 'string' }): object => ({ description, schema })
  const headers = {
    ...(isKept(verb, parameters) && !isStream(url) && !url.startsWith('/tile')
      ? { ETag: header('Of these bytes; `If-None-Match` with it answers 304 while they stay.') }
      : {}),
    ...(isPaged(decorators)
      ? { Link: header('Address of the next page, as `<…>; rel="next"`; missing on the last page (RFC 8288).') }
      : {}),
    ...(verb === 'Post' && parameters.includes(IDEMPOTENCY_KEY)
      ? { 'Idempotency-Replayed': header('`true` where this is the stored response of an earlier request.') }
      : {}),
  }
  return Object.keys(headers).length === 0 ? {} : { headers }
}

/** Of every POST that may change something. */
const IDEMPOTENCY_KEY = {
  name: 'idempotency-key',
  in: 'header',
  required: false,
  description: 'The same body to the same path under it within 24 hours is answered as the first time, and done once.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}

function takenBy(
  parameter: ts.ParameterDeclaration,
  path: string,
  checker: ts.TypeChecker,
  schemas: TypeSchemas,
): { body?: Schema; parameters?: object[] }[] {
  const decorators = decoratorsOf(parameter)
  const type = checker.getTypeAtLocation(parameter)
  if (decorators.has('Body')) return [{ body: schemas.of(type) }]
  const place = decorators.has('Headers') ? 'header' : 'query'
  const given = decorators.get(place === 'header' ? 'Headers' : 'Query')
  if (given === undefined) return []
  const described = (name: string, required: boolean, schema: Schema, comment?: string): object => {
    return { name, in: place, required, description: describedParameter(name, path, comment), schema }
  }
  const name = textOf(given[0])
  if (name !== undefined) {
    return [{ parameters: [described(name, place === 'query' && parameter.questionToken === undefined, { type: 'string' })] }]
  }
  if (place === 'header') return []
  const { properties = {}, required = [] } = schemas.inline(type) as { properties?: Record<string, Schema>; required?: string[] }
  const parameters = Object.entries(properties).map(([each, schema]) =>
    described(each, required.includes(each), schema, commentOf(type.getProperty(each), checker)),
  )
  return [{ parameters }]
}

/** The comment above a declaration, as one line. */
function commentOf(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): string {
  return ts.displayPartsToString(symbol?.getDocumentationComment(checker)).replaceAll('\n', ' ')
}

function answerOf(
  method: ts.MethodDeclaration,
  verb: string,
  decorators: Decorators,
  checker: ts.TypeChecker,
  schemas: TypeSchemas,
): object {
  if (verb === 'Sse') return { description: 'Server-Sent Events', content: { 'text/event-stream': { schema: { type: 'string' } } } }
  const declared = checker.getReturnTypeOfSignature(checker.getSignatureFromDeclaration(method)!)
  const awaited = checker.getAwaitedType(declared) ?? declared
  if ((awaited.flags & ts.TypeFlags.Void) !== 0) return answer('text/event-stream', { type: 'string' })
  const type = checker.getNonNullableType(awaited)
  const contentType = contentTypeOf(method)
  const json = jsonTextOf(type, checker)
  if (json !== undefined) return answer('application/json', schemas.of(json))
  if (type.getSymbol()?.name === 'StreamableFile')
    return answer(contentType ?? 'application/octet-stream', { type: 'string', ...(contentType === undefined ? { format: 'binary' } : {}) })
  if ((type.flags & ts.TypeFlags.StringLike) !== 0) return answer(contentType ?? 'text/plain', { type: 'string' })
  return answer('application/json', schemas.of(type))
}

function contentTypeOf(method: ts.MethodDeclaration): string | undefined {
  const headers = callsOn(method).filter((call) => call.expression.getText() === 'Header')
  const named = headers.find(({ arguments: [name] }) => textOf(name) === 'content-type')
  return textOf(named?.arguments[1])?.split(';')[0]
}

function answer(contentType: string, schema: Schema): object {
  return { description: 'done as asked', content: { [contentType]: { schema } } }
}

/** What a `JsonText<T>` is the text of. */
function jsonTextOf(type: ts.Type, checker: ts.TypeChecker): ts.Type | undefined {
  const member = type.isIntersection() ? type.getProperty('textOf') : undefined
  return member === undefined ? undefined : checker.getNonNullableType(checker.getTypeOfSymbol(member))
}

/** With profile production; with profile dev most of what is behind a key is open on the own machine. */
function securityOf(verb: string, ofMethod: Decorators, ofClass: Decorators): object[] {
  const said = [ofMethod, ofClass].find((each) => each.has('Public') || each.has('RequireScope'))
  if (said?.has('Public') === true) return []
  return textOf(said?.get('RequireScope')?.[0]) === 'statement' ? [SIGNED] : [SIGNED, KEY]
}

function decoratorsOf(node: ts.HasDecorators): Decorators {
  return new Map(callsOn(node).map((call) => [call.expression.getText(), call.arguments] as const))
}

function callsOn(node: ts.HasDecorators): ts.CallExpression[] {
  return (ts.getDecorators(node) ?? []).map(({ expression }) => expression).filter(ts.isCallExpression)
}

function ancestorsOf(controller: ts.ClassDeclaration, checker: ts.TypeChecker): ts.ClassDeclaration[] {
  const [base] = controller.heritageClauses?.flatMap(({ types }) => types) ?? []
  const declaration = base === undefined ? undefined : checker.getTypeAtLocation(base).getSymbol()?.valueDeclaration
  return declaration !== undefined && ts.isClassDeclaration(declaration) ? [declaration] : []
}

function textOf(expression: ts.Expression | undefined): string | undefined {
  return expression !== undefined && ts.isStringLiteralLike(expression) ? expression.text : undefined
}
