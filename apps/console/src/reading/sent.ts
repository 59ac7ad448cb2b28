import type { ServiceName } from '#libs/contracts'

/** What a service said to a write, or to a dry run; a refusal in its own words. */
export type Sent<T> =
  | { kind: 'taken'; value: T }
  | {
      kind: 'refused'
      status: number
      code: string
      detail: string
      next: string[]
      errors: { pointer: string; detail: string }[]
    }
  | { kind: 'away'; service: ServiceName; detail: string }

/** A POST to the public HTTP API, as the one who asks for the page. Never rejects. */
export type Send = <T>(path: string, body: object, options?: { deadlineMs?: number }) => Promise<Sent<T>>

/** The same for what changes nothing, which the keys that read may ask for. */
export type SendDryRun = <T>(path: '/v1/lint' | '/v1/simulations', body: object, options?: { deadlineMs?: number }) => Promise<Sent<T>>
