import type { FieldProblem, ServiceName } from '#libs/contracts'

/** Response of a service, or the reason for its absence. The four cases are separate: an unavailable service is not an empty list. */
export type Answer<T> =
  | { kind: 'loaded'; value: T }
  | { kind: 'missing'; detail: string }
  | { kind: 'denied'; detail: string }
  | { kind: 'away'; service: ServiceName; detail: string }

/** Reads over the public HTTP API, by the paths that the edge serves. Never rejects. */
export type Read = <T>(path: string) => Promise<Answer<T>>

export function valueOf<T>(answer: Answer<T>): T | undefined {
  return answer.kind === 'loaded' ? answer.value : undefined
}

/** Whether the content is unknown: the service did not respond, or refused. */
export function isUnread({ kind }: Answer<unknown>): boolean {
  return kind === 'away' || kind === 'denied'
}

export function mapAnswer<T, U>(answer: Answer<T>, map: (value: T) => U): Answer<U> {
  return answer.kind === 'loaded' ? { kind: 'loaded', value: map(answer.value) } : answer
}

/** Response of a service to a write or a dry run; a refusal with the service's own text. */
export type Sent<T> =
  | { kind: 'taken'; value: T }
  | { kind: 'refused'; status: number; code: string; detail: string; next: string[]; errors: FieldProblem[] }
  /** `isLate`: the service may still be working on it. */
  | { kind: 'away'; service: ServiceName; detail: string; isLate?: true }

/** A POST to the public HTTP API, as the one who asks for the page. Never rejects. */
export type Send = <T>(path: string, body: object, options?: SendOptions) => Promise<Sent<T>>

/** `patienceMs`: time after which the caller gets `away`, while the request continues until its deadline. */
export type SendOptions = { deadlineMs?: number; patienceMs?: number }

/** A POST that changes nothing; a key that may only read is enough for it. */
export type SendDryRun = <T>(path: '/v1/lint' | '/v1/simulations', body: object, options?: SendOptions) => Promise<Sent<T>>

/** Whether the service could not handle a request now, so that the same request may succeed later. */
export function isUnhandled(sent: Sent<unknown>): sent is Exclude<Sent<unknown>, { kind: 'taken' }> {
  return sent.kind === 'away' || (sent.kind === 'refused' && (sent.status >= 500 || sent.status === 429))
}
