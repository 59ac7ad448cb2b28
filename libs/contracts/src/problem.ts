/** Error response: RFC 9457 with a code and next steps. */
export interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  retryable: boolean
  next: { command: string }[]
  traceId?: string
  errors?: { pointer: string; detail: string }[]
  /** Current state, on 409. */
  state?: unknown
}

/** An expected error, by the caller or the environment: thrown across layers, mapped once at each edge. */
export class HmsError extends Error {
  readonly code: string
  readonly status: number
  readonly next: string[]
  readonly errors: { pointer: string; detail: string }[]
  readonly retryable: boolean
  readonly state: unknown

  constructor(code: string, detail: string, options: HmsErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'HmsError'
    this.code = code
    this.status = options.status ?? 500
    this.next = options.next ?? []
    this.errors = options.errors ?? []
    this.retryable = options.retryable ?? (this.status === 429 || this.status >= 502)
    this.state = options.state
  }

  get detail(): string {
    return this.message
  }
}

export interface HmsErrorOptions {
  /** HTTP status, from which exit codes are derived; default 500. */
  status?: number
  /** Commands that help the reader to continue. */
  next?: string[]
  errors?: { pointer: string; detail: string }[]
  retryable?: boolean
  state?: unknown
  cause?: unknown
}
