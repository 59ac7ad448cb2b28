import { HmsError, isObject, printable, readText, SERVICE_PATHS, SERVICES, type Problem, type ServiceName } from '#libs/contracts'
import { CLIENT_HEADER, type Clock } from '#libs/platform'
import type { Answer, Read, Send, SendOptions, Sent } from './answer.js'
import { SharedAnswers, type ShareBounds, type Weigh } from './shared-answers.js'

const DEADLINE_MS = 2_500
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
const NO_ADDRESS = 'no address of it is known'
/** Codes of a connection that was not made: nothing was sent. */
const UNCONNECTED = new Set<unknown>(['ECONNREFUSED', 'ENOTFOUND'])
/** Responses are requested uncompressed: the services are near, so compression would cost them more than it saves the network. */
const UNCOMPRESSED = { accept: 'application/json', 'accept-encoding': 'identity' }
/** Reloads and followers of one page within this time cost a service one request. The edge has 512 MiB for everything. */
const SHARED: ShareBounds = { forMs: 1_000, answers: 500, characters: 32 * 1024 * 1024 }

type Parse = (text: string) => unknown

export interface ApiReaderOptions {
  urlsOf(service: ServiceName): readonly string[]
  clock: Pick<Clock, 'now' | 'after'>
  deadlineMs?: number
}

/** The console's one way to the services: bounded in time and size, whatever a service does. */
export class ApiReader {
  private readonly shared: SharedAnswers

  constructor(private readonly options: ApiReaderOptions) {
    this.shared = new SharedAnswers(options.clock, SHARED)
  }

  private get deadlineMs(): number {
    return this.options.deadlineMs ?? DEADLINE_MS
  }

  /** Returns the reads of one caller, whose key (`Authorization`) decides what may be seen. */
  as(authorization: string | undefined): Read {
    return <T>(path: string) => {
      const made = this.shared.get(keyOf(authorization, path), (weigh) => this.ask(path, authorization, weigh))
      return made as Promise<Answer<T>>
    }
  }

  /** Returns reads like `as`, for a page that a person signs: each path is requested again, once, so no part is older than the page. */
  anewAs(authorization: string | undefined): Read {
    const asked = new Map<string, Promise<Answer<unknown>>>()
    return <T>(path: string) => {
      const known = asked.get(path) ?? this.shared.getAnew(keyOf(authorization, path), (weigh) => this.ask(path, authorization, weigh))
      asked.set(path, known)
      return known as Promise<Answer<T>>
    }
  }

  /** Returns reads for data that is verified here and never shown: texts are not cleaned, and each read sends a new request. */
  exactAs(authorization: string | undefined): Read {
    return <T>(path: string) => this.ask(path, authorization, () => {}, JSON.parse) as Promise<Answer<T>>
  }

  /** Reads `/readyz` of each instance of a service, with any status; `body` is `undefined` if the instance does not respond. */
  health(service: ServiceName): Promise<{ url: string; body: unknown }[]> {
    const urls = this.options.urlsOf(service)
    const ask = (url: string): Promise<unknown> => this.shared.get(`${url}/readyz`, (weigh) => this.probe(url, weigh))
    return Promise.all(urls.map(async (url) => ({ url, body: await ask(url) })))
  }

  /** Returns how to send forms of a caller at address `client`. It tries the next instance only if it could not connect. */
  sendAs(authorization: string | undefined, client: string): Send {
    const post = <T>(path: string, body: object, deadlineMs: number): Promise<Sent<T>> => {
      const headers = {
        ...UNCOMPRESSED,
        'content-type': 'application/json',
        [CLIENT_HEADER]: client, // guard: console-forms-client
        ...(authorization === undefined ? {} : { authorization }),
      }
      return this.firstOf(path, { method: 'POST', headers, body: JSON.stringify(body), deadlineMs }, async (response) => {
        const value = parseClean(await readText(response.body, MAX_ANSWER_BYTES))
        return response.ok ? { kind: 'taken', value: value as T } : refusalOf(response.status, value)
      })
    }
    return <T>(path: string, body: object, { deadlineMs = this.deadlineMs, patienceMs = deadlineMs }: SendOptions = {}) => {
      const sent = post<T>(path, body, deadlineMs)
      if (patienceMs === deadlineMs) return sent
      const detail = `did not respond within ${patienceMs / 1000} s`
      const late = { kind: 'away', service: serviceOfPath(path), detail, isLate: true } as const
      return new Promise<Sent<T>>((resolve) => {
        const cancel = this.options.clock.after(patienceMs, () => resolve(late))
        void sent.then(resolve).finally(cancel)
      })
    }
  }

  private async probe(url: string, weigh: Weigh): Promise<unknown> {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(this.deadlineMs), redirect: 'error' })
      const text = await readText(response.body, MAX_ANSWER_BYTES)
      weigh(text.length)
      return parseClean(text)
    } catch {
      return undefined
    }
  }

  private ask(path: string, authorization: string | undefined, weigh: Weigh, parse: Parse = parseClean): Promise<Answer<unknown>> {
    const headers = { ...UNCOMPRESSED, ...(authorization === undefined ? {} : { authorization }) }
    return this.firstOf(path, { headers, deadlineMs: this.deadlineMs }, async (response) => {
      const text = await readText(response.body, MAX_ANSWER_BYTES)
      weigh(text.length)
      return answerOf(response, text, parse)
    })
  }

  /** Tries the instances in order, within one deadline, until one responds. `read` returns the result, or why the instance is away. */
  private async firstOf<A extends object>(
    path: string,
    { deadlineMs, ...init }: RequestInit & { deadlineMs: number },
    read: (response: Response) => Promise<A | string>,
  ): Promise<A | (Sent<never> & { kind: 'away' })> {
    const service = serviceOfPath(path)
    const signal = AbortSignal.timeout(deadlineMs)
    const isWrite = init.method === 'POST'
    let detail = NO_ADDRESS
    for (const url of this.options.urlsOf(service)) {
      try {
        const answer = await read(await fetch(url + path, { ...init, signal, redirect: 'error' }))
        if (typeof answer !== 'string') return answer
        detail = answer
      } catch (error) {
        detail = signal.aborted ? `did not respond within ${deadlineMs / 1000} s` : reasonOf(error)
        if (isWrite && !UNCONNECTED.has(codeOf(error))) break
      }
    }
    return { kind: 'away', service, detail, ...(isWrite && signal.aborted ? { isLate: true } : {}) }
  }
}

/** Returns the answer of an instance, or the reason why it counts as away. */
function answerOf({ ok, status, headers }: Response, text: string, parse: Parse): Answer<unknown> | string {
  const isText = ok && (headers.get('content-type') ?? '').startsWith('text/plain')
  const body = isText ? cleanText(text) : ok ? parse(text) : parseClean(text)
  if (ok) return { kind: 'loaded', value: body }
  const { detail = '', code = '' } = (body ?? {}) as { detail?: string; code?: string }
  // Any other 403 is about what was requested, not about the key.
  if (status === 401 || (status === 403 && code !== 'HMS_ROLLOUT_NOT_PREAPPROVED')) return { kind: 'denied', detail }
  if (status === 400 || status === 403 || status === 404) return { kind: 'missing', detail }
  return `answered ${status}${code === '' ? '' : ` (${code})`}`
}

function keyOf(authorization: string | undefined, path: string): string {
  return `${authorization ?? ''}\n${path}`
}

function refusalOf(status: number, value: unknown): Sent<never> {
  const { code = `HTTP ${status}`, detail = '', next = [], errors = [] } = (value ?? {}) as Partial<Problem>
  return { kind: 'refused', status, code, detail, next: next.map(({ command }) => command), errors }
}

/** Returns why a request failed, without addresses: people who read a page need not know where services run. */
function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'answered with something that is not JSON'
  if (error instanceof HmsError) return error.detail
  const code = codeOf(error)
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached'
}

function codeOf(error: unknown): unknown {
  return (error as { cause?: { code?: unknown } | null } | null)?.cause?.code
}

function cleanText(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

/** Parses JSON, and makes its texts and names safe to show: characters that hide text or turn its direction are escaped. */
export function parseClean(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value === 'string') return cleanText(value)
    if (!isObject(value)) return value
    const entries = Object.entries(value)
    return entries.some(([key]) => key !== printable(key))
      ? Object.fromEntries(entries.map(([key, each]) => [printable(key), each]))
      : value
  })
}

const PREFIXES = SERVICES.flatMap((service) => SERVICE_PATHS[service].map((prefix) => ({ service, prefix })))

/** The service that answers a path, by the table that the edge routes by: the longest prefix wins. */
function serviceOfPath(path: string): ServiceName {
  const plain = path.split('?', 1)[0]!
  const fitting = PREFIXES.filter(({ prefix }) => plain === prefix || plain.startsWith(`${prefix}/`))
  const longest = fitting.toSorted((a, b) => b.prefix.length - a.prefix.length)[0]
  if (longest === undefined) throw new TypeError(`no service answers ${plain}`)
  return longest.service
}
