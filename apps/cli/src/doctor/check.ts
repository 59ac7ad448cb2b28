/** Result of one check. `unknown`: the check was not possible; this does not count as a failure. */
export interface Check {
  check: string
  state: 'ok' | 'warn' | 'wrong' | 'unknown'
  detail: string
  /** Command that fixes it. */
  next?: string
}

export const ok = (check: string, detail: string): Check => ({ check, state: 'ok', detail })
export const warn = (check: string, detail: string, next: string): Check => ({ check, state: 'warn', detail, next })
export const wrong = (check: string, detail: string, next: string): Check => ({ check, state: 'wrong', detail, next })
export const unknown = (check: string, detail: string): Check => ({ check, state: 'unknown', detail })

/** Converts a response into checks with `toChecks`. If the request fails, the check is `unknown`. */
export function judged<T>(check: string, answer: Promise<T>, toChecks: (value: T) => Check[] | Promise<Check[]>): Promise<Check[]> {
  return answer.then(toChecks, (error: Error) => [unknown(check, error.message)])
}
