import { HmsError, printable, readText, type Problem, type ServiceName } from '#libs/contracts'
import { CLIENT_HEADER, SharedAnswer, type Clock } from '#libs/platform'
import type { Answer, Read } from './answer.js'
import { parseClean } from './clean-json.js'
import type { Send, Sent } from './sent.js'
import { serviceOfPath } from './service-of-path.js'

const DEADLINE_MS = 2_500
const MAX_ANSWER_BYTES = 8 * 1024 * 1024
/** Reloads and followers of one page within this time cost a service one request. */
const SHARE_MS = 1_000
const MAX_SHARED = 500

export interface ApiReaderOptions {
  /** Base URLs of a service's instances. */
  urlsOf(service: ServiceName): readonly string[]
  clock: Pick<Clock, 'now'>
  deadlineMs?: number
}

/** The console's one way to the services: bounded in time and size, whatever a service does. */
export class ApiReader {
  private readonly shared = new Map<string, SharedAnswer<unknown>>()

  constructor(private readonly options: ApiReaderOptions) {}

  private get deadlineMs(): number {
    return this.options.deadlineMs ?? DEADLINE_MS
  }

  /** For one caller, whose key (`Authorization`) decides what may be seen. */
  as(authorization: string | undefined): Read {
    return <T>(path: string) => this.share(`${authorization ?? ''}\n${path}`, () => this.ask(path, authorization)) as Promise<Answer<T>>
  }

  /** What each instance of a service says of itself at `/readyz`, whatever the status; `undefined` for one that does not answer. */
  health(service: ServiceName): Promise<{ url: string; body: unknown }[]> {
    const urls = this.options.urlsOf(service)
    return Promise.all(urls.map(async (url) => ({ url, body: await this.share(`${url}/readyz`, () => this.probe(url)) })))
  }

  /**
   * What a form of a page sends, as its caller. Asked of one instance, once: what it did not answer it may have done. `client`: the address
   * that the form came from, or all people would share the limit of the console's own.
   */
  sendAs(authorization: string | undefined, client: string): Send {
    return async <T>(path: string, body: object, { deadlineMs = this.deadlineMs } = {}) => {
      const service = serviceOfPath(path)
      const [url] = this.options.urlsOf(service)
      if (url === undefined) return { kind: 'away', service, detail: 'no address of it is known' }
      const signal = AbortSignal.timeout(deadlineMs)
      const headers = {
        accept: 'application/json',
        'content-type': 'application/json',
        [CLIENT_HEADER]: client,
        ...(authorization === undefined ? {} : { authorization }),
      }
      try {
        const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body), signal, redirect: 'error' })
        const value = parseClean(await readText(response.body, MAX_ANSWER_BYTES))
        return response.ok ? { kind: 'taken', value: value as T } : refusalOf(response.status, value)
      } catch (error) {
        return { kind: 'away', service, detail: signal.aborted ? `said nothing within ${deadlineMs / 1000} s` : reasonOf(error) }
      }
    }
  }

  private async probe(url: string): Promise<unknown> {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(this.deadlineMs), redirect: 'error' })
      return parseClean(await readText(response.body, MAX_ANSWER_BYTES))
    } catch {
      return undefined
    }
  }

  private share<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.shared.get(key)
    if (known !== undefined) return known.get() as Promise<T>
    if (this.shared.size >= MAX_SHARED) this.shared.delete(this.shared.keys().next().value!)
    const made = new SharedAnswer<unknown>(make, this.options.clock, SHARE_MS)
    this.shared.set(key, made)
    return made.get() as Promise<T>
  }

  /** One instance after the other, all within one deadline, until one answers. */
  private async ask(path: string, authorization: string | undefined): Promise<Answer<unknown>> {
    const service = serviceOfPath(path)
    const signal = AbortSignal.timeout(this.deadlineMs)
    let last: Answer<unknown> = { kind: 'away', service, detail: 'no address of it is known' }
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    for (const url of this.options.urlsOf(service)) {
      last = await this.askOne(url + path, service, headers, signal)
      if (last.kind !== 'away') return last
    }
    return last
  }

  private async askOne(url: string, service: ServiceName, headers: Record<string, string>, signal: AbortSignal): Promise<Answer<unknown>> {
    try {
      const response = await fetch(url, { headers: { accept: 'application/json', ...headers }, signal, redirect: 'error' })
      const text = await readText(response.body, MAX_ANSWER_BYTES)
      const isText = response.ok && (response.headers.get('content-type') ?? '').startsWith('text/plain')
      const body = isText ? text.split('\n').map(printable).join('\n') : parseClean(text)
      if (response.ok) return { kind: 'loaded', value: body }
      const { detail = '', code = '' } = (body ?? {}) as { detail?: string; code?: string }
      if (response.status === 401 || response.status === 403) return { kind: 'denied', detail }
      if (response.status === 400 || response.status === 404) return { kind: 'missing', detail }
      return { kind: 'away', service, detail: `answered ${response.status}${code === '' ? '' : ` (${code})`}` }
    } catch (error) {
      return { kind: 'away', service, detail: signal.aborted ? `said nothing within ${this.deadlineMs / 1000} s` : reasonOf(error) }
    }
  }
}

function refusalOf(status: number, value: unknown): Sent<never> {
  const { code = `HTTP ${status}`, detail = '', next = [], errors = [] } = (value ?? {}) as Partial<Problem>
  return { kind: 'refused', status, code, detail, next: next.map(({ command }) => command), errors }
}

/** Without addresses: a page is read by people who need not know where services run. */
function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return 'answered with something that is not JSON'
  if (error instanceof HmsError) return error.detail
  const { code } = ((error as { cause?: unknown } | null)?.cause ?? {}) as { code?: unknown }
  return typeof code === 'string' ? `cannot be reached (${code})` : 'cannot be reached'
}
