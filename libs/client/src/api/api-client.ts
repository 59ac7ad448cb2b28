import type { IncomingMessage } from 'node:http'
import { HmsError, readBytes, readText, type ConfigDocument, type StreamFrame } from '#libs/contracts'
import { readUrl } from '../client.config.js'
import { timerMs } from '../clock.js'
import { errorOfResponse, reasonOf, unreachable } from './problem-to-error.js'
import { traceHeader } from './trace-header.js'
import type { paths } from '#openapi'
import { eventStream } from './sse-parser.js'

/** Function that returns the authorization headers of a request. `path` includes the query; `body` has the bytes to be sent. */
export type Authorize = (method: string, path: string, body: Uint8Array) => Promise<Record<string, string>>
export interface ApiClientOptions {
  url: string
  /** Deadline in ms of each call, including the response body. Default 10 s. */
  timeoutMs?: number
  authorize?: Authorize
}

export interface PostOptions {
  /** Values of `{name}` in the path, percent-encoded when sent. */
  params?: Record<string, string | number>
  /** Idempotency key: a retried write with the same key takes effect once. */
  idempotencyKey?: string
  timeoutMs?: number
}

export interface EventsOptions {
  signal?: AbortSignal
  lastEventId?: string
  /** Called with each event's id, the resume point of the next call. */
  onId?: (id: string) => void
  /** Time in ms without data after which the stream counts as broken. Default 60 s. */
  idleMs?: number
}

interface Request {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: Uint8Array<ArrayBuffer>
}

/** Size limit of a response; the largest is a page of the snapshot. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const MAX_REFUSAL_BYTES = 256 * 1024
const NO_BODY = new Uint8Array()

/** Sends JSON with deadlines. A failure is an `HmsError`, `HMS_UNREACHABLE` without a response. Only callers know what to retry. */
export class ApiClient {
  readonly url: string
  private readonly timeoutMs: number
  private readonly authorize: Authorize | undefined

  constructor(options: ApiClientOptions) {
    this.url = readUrl(options.url)
    this.timeoutMs = options.timeoutMs ?? 10_000
    this.authorize = options.authorize
  }

  get<P extends PathOf<'get'>>(
    path: P,
    ...[parameters, options]: object extends GetParameters<P>
      ? [parameters?: GetParameters<P>, options?: { timeoutMs?: number }]
      : [parameters: GetParameters<P>, options?: { timeoutMs?: number }]
  ): Promise<ResponseOf<P, 'get'>> {
    return this.call({ method: 'GET', path: fill(path, parameters), headers: {}, body: NO_BODY }, options?.timeoutMs)
  }

  post<P extends PathOf<'post'>>(
    path: P,
    body: BodyOf<P>,
    ...[options]: object extends PathParameters<P, 'post'>
      ? [options?: PostOptions]
      : [options: PostOptions & { params: PathParameters<P, 'post'> }]
  ): Promise<ResponseOf<P, 'post'>> {
    const headers: Record<string, string> = { 'content-type': 'application/json' }
    if (options?.idempotencyKey !== undefined) headers['idempotency-key'] = options.idempotencyKey
    const filled = fill(path, options?.params)
    return this.call({ method: 'POST', path: filled, headers, body: Buffer.from(JSON.stringify(body)) }, options?.timeoutMs)
  }

  /** Fetches a path as raw bytes, for tiles and checkpoints. */
  async bytes(path: string): Promise<Buffer> {
    const identified = await this.identified({ method: 'GET', path, headers: {}, body: NO_BODY })
    return this.inTime(identified, this.timeoutMs, async (body) => Buffer.from(await readBytes(body, MAX_ANSWER_BYTES)))
  }

  /** Yields a response of any length as text, however long it takes; throws `HMS_UNREACHABLE` after the timeout without data. */
  async *text(path: string, interrupt: AbortSignal): AsyncGenerator<string, void, undefined> {
    const silence = new AbortController()
    const silent = (): void => silence.abort(new DOMException('no answer in time', 'TimeoutError'))
    const timer = setTimeout(silent, timerMs(this.timeoutMs))
    const decoder = new TextDecoder()
    const stop = AbortSignal.any([interrupt, silence.signal])
    try {
      const request = await this.identified({ method: 'GET', path, headers: traceHeader(), body: NO_BODY })
      for await (const chunk of await this.send(request, stop)) {
        timer.refresh()
        yield decoder.decode(chunk, { stream: true })
      }
    } catch (error) {
      throw this.asHmsError(stop.reason ?? error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Yields the JSON of server-sent events until the server or `signal` ends them; throws `HMS_UNREACHABLE` when they break off. */
  async *events<T>(path: string, options: EventsOptions = {}): AsyncGenerator<T, void, undefined> {
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (options.lastEventId !== undefined) headers['last-event-id'] = options.lastEventId
    const request = await this.identified({ method: 'GET', path, headers, body: NO_BODY })
    try {
      const limits = { signal: options.signal, headMs: this.timeoutMs, idleMs: options.idleMs ?? 60_000 }
      for await (const event of eventStream((signal) => this.send(request, signal), limits)) {
        if (event.id !== '') options.onId?.(event.id)
        yield this.parse<T>(event.data)
      }
    } catch (error) {
      throw this.asHmsError(error)
    }
  }

  private async call<T>(request: Request, timeoutMs = this.timeoutMs): Promise<T> {
    const identified = await this.identified({ ...request, headers: { accept: 'application/json', ...traceHeader(), ...request.headers } })
    return this.inTime(identified, timeoutMs, async (body) => {
      const text = await readText(body, MAX_ANSWER_BYTES)
      return text === '' ? (undefined as T) : this.parse<T>(text)
    })
  }

  private async inTime<T>(request: Request, timeoutMs: number, read: (body: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(new DOMException('no answer in time', 'TimeoutError')), timerMs(timeoutMs))
    try {
      return await read(await this.send(request, deadline.signal))
    } catch (error) {
      throw this.asHmsError(deadline.signal.reason ?? error, deadline.signal.aborted && request.method !== 'GET')
    } finally {
      clearTimeout(timer)
    }
  }

  /** Adds the authorization headers. Separate from sending, so that an unreadable key is not reported as an unreachable server. */
  private async identified(request: Request): Promise<Request> {
    const identity = await this.authorize?.(request.method, request.path, request.body)
    return { ...request, headers: { ...request.headers, ...identity } }
  }

  /** Returns the body of a successful response. No redirect is followed, because it would send a signed write to another server. */
  private async send({ method, path, headers, body }: Request, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const address = new URL(`${this.url}${path}`)
    // Not `fetch`: loading it takes a third as long as starting Node 20.
    const { request } = await (address.protocol === 'https:' ? import('node:https') : import('node:http'))
    signal.throwIfAborted()
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(address, { method, headers: { 'accept-encoding': 'gzip', ...headers } }, resolve).on('error', reject)
      // Not the option `signal`: it destroys the socket with an error, for which nothing listens if the response ends in the same tick.
      const stop = (): void => {
        reject(signal.reason)
        call.destroy()
      }
      signal.addEventListener('abort', stop, { once: true })
      call.end(method === 'POST' ? body : undefined)
    })
    const { statusCode = 0 } = response
    if (statusCode >= 200 && statusCode < 300) return unzipped(response)
    // If the error body is too large, only the status is reported.
    const text = await readText(unzipped(response), MAX_REFUSAL_BYTES).catch((error: unknown) => {
      if (error instanceof HmsError) return ''
      throw error
    })
    throw errorOfResponse(this.url, statusCode, response.headers['content-type'] ?? null, text)
  }

  private parse<T>(text: string): T {
    try {
      return JSON.parse(text) as T
    } catch (error) {
      const detail = `the response of ${this.url} is not JSON: is this an HMS-SVC?`
      throw new HmsError('HMS_HTTP_MALFORMED', detail, { status: 502, cause: error })
    }
  }

  private asHmsError(error: unknown, isSent = false): HmsError {
    return error instanceof HmsError ? error : unreachable(this.url, reasonOf(error), error, isSent)
  }
}

async function* unzipped(response: IncomingMessage): AsyncGenerator<Buffer, void, undefined> {
  if (response.headers['content-encoding'] !== 'gzip') return yield* response
  const [{ createGunzip }, { pipeline }] = await Promise.all([import('node:zlib'), import('node:stream')])
  yield* pipeline(response, createGunzip(), () => undefined)
}

/** Returns `undefined` for a 404. Rethrows every other error. */
export async function orMissing<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof HmsError && error.status === 404) return undefined
    throw error
  })
}

/** Reads the documents of these policies, unverified, with their proofs and rollout's freshness statement. */
export function fetchSnapshot(api: ApiClient, ids: readonly string[]): Promise<unknown> {
  return api.get('/v1/snapshot', { revision: 0, policies: ids.join() })
}

/** Reads all documents, unverified, in pages: one response may not hold all. Each is as of some time during the read. */
export async function readSnapshot(client: ApiClient): Promise<ConfigDocument[]> {
  const documents: ConfigDocument[] = []
  for (let after = ''; ;) {
    const { documents: page, next } = await pageAfter(client, after)
    documents.push(...page)
    if (next === undefined) return documents
    if (next <= after) throw new HmsError('HMS_HTTP_UNEXPECTED', `A page of the snapshot leads back to ${next}.`, { status: 502 })
    after = next
  }
}

/** Reads the page after `after`. Earlier servers have no pages: they return everything at once, or reject the parameter. */
async function pageAfter(client: ApiClient, after: string): Promise<StreamFrame> {
  try {
    return await client.get('/v1/snapshot', { after })
  } catch (error) {
    if (after === '' && error instanceof HmsError && error.status === 400) return client.get('/v1/snapshot')
    throw error
  }
}

/** Returns path and query: each `{name}` in the path becomes its parameter, percent-encoded; other parameters become the query. */
function fill(template: string, parameters: object = {}): string {
  const query = new URLSearchParams()
  let path = template
  for (const [name, value] of Object.entries(parameters)) {
    if (template.includes(`{${name}}`)) path = path.replace(`{${name}}`, encodeURIComponent(String(value)))
    else if (value !== undefined) query.set(name, String(value))
  }
  return query.size === 0 ? path : `${path}?${query}`
}

type Method = 'get' | 'post'

type Operation<P, M extends Method> = P extends keyof paths ? NonNullable<paths[P][M]> : never

type OrNothing<T> = [T] extends [never] ? object : T

/** Types of path or query parameters, all sent as text: a text may be given as number, a flag as boolean, a number or list as text. */
type AsText<T> = {
  [K in keyof T]: T[K] extends readonly unknown[] | undefined
    ? string
    : string extends T[K]
      ? string | number
      : 'true' extends T[K]
        ? T[K] | boolean
        : number extends T[K]
          ? T[K] | string
          : T[K]
}

type Part<P, M extends Method, Of extends 'path' | 'query'> =
  Operation<P, M> extends { parameters: { [K in Of]?: infer T } } ? OrNothing<AsText<NonNullable<T>>> : object

/** Paths of `docs/openapi.json` that have an operation of this method. */
type PathOf<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: object } ? P : never }[keyof paths]

/** Parameters in the path, percent-encoded when sent. */
type PathParameters<P, M extends Method> = Part<P, M, 'path'>

type GetParameters<P> = PathParameters<P, 'get'> & Part<P, 'get', 'query'>

/** JSON body of a POST; `{}` if the operation has none. */
type BodyOf<P> = Operation<P, 'post'> extends { requestBody: { content: { 'application/json': infer T } } } ? T : Record<string, never>

type ResponseOf<P, M extends Method> = Operation<P, M> extends { responses: infer R } ? JsonOf<R[keyof R & (200 | 201 | 202)]> : never

type JsonOf<R> = R extends { content: { 'application/json': infer T } } ? T : never
