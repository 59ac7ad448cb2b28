import { commandOf, type Action } from './actions.js'

/** Next step for the user: a command line, and the action code and arguments it was made from, if any. */
export interface NextStep {
  command: string
  action?: string
  arguments?: Record<string, string>
}

export interface FieldProblem {
  /** JSON pointer (RFC 6901); for a setting, its variable. */
  pointer: string
  detail: string
}

/** Error response: RFC 9457 with a code and next steps. */
export interface Problem {
  type: string
  title: string
  status: number
  code: string
  detail: string
  retryable: boolean
  next: NextStep[]
  traceId?: string
  errors?: FieldProblem[]
  /** Current state of the resource, on 409. */
  state?: unknown
}

/** An expected error, caused by the caller or the environment. HTTP and CLI convert it where it leaves the process. */
export class HmsError extends Error {
  readonly code: string
  readonly detail: string
  readonly status: number
  /** Command lines of `steps`. */
  readonly next: string[]
  readonly steps: NextStep[]
  readonly errors: FieldProblem[]
  readonly retryable: boolean
  readonly state: unknown
  /** Trace id of the failed request; appended to the message. */
  readonly traceId?: string

  constructor(code: string, detail: string, options: HmsErrorOptions = {}) {
    super(
      options.traceId === undefined ? detail : `${detail} (trace ${options.traceId})`,
      options.cause === undefined ? undefined : { cause: options.cause },
    )
    this.name = 'HmsError'
    this.code = code
    this.detail = detail
    this.status = options.status ?? 500
    this.steps = (options.next ?? []).map(stepOf)
    this.next = this.steps.map(({ command }) => command)
    this.errors = options.errors ?? []
    this.retryable = options.retryable ?? (this.status === 429 || this.status >= 502)
    this.state = options.state
    if (options.traceId !== undefined) this.traceId = options.traceId
  }
}

export interface HmsErrorOptions {
  /** HTTP status, from which exit codes are derived; default 500. */
  status?: number
  /** Next steps for the user: actions, steps of a received problem, or command lines. */
  next?: readonly (Action | NextStep | string)[]
  errors?: FieldProblem[]
  retryable?: boolean
  state?: unknown
  traceId?: string
  cause?: unknown
}

function stepOf(next: Action | NextStep | string): NextStep {
  if (typeof next === 'string') return { command: next }
  return 'command' in next ? next : { command: commandOf(next), ...next }
}
