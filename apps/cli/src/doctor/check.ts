/** One thing that was looked at. `unknown`: it could not be looked at, which is no fault of its own. */
export interface Check {
  check: string
  state: 'ok' | 'warn' | 'wrong' | 'unknown'
  detail: string
  /** The command that mends it. */
  next?: string
}

export function ok(check: string, detail: string): Check {
  return { check, state: 'ok', detail }
}

export function warn(check: string, detail: string, next: string): Check {
  return { check, state: 'warn', detail, next }
}

export function wrong(check: string, detail: string, next: string): Check {
  return { check, state: 'wrong', detail, next }
}

export function unknown(check: string, detail: string): Check {
  return { check, state: 'unknown', detail }
}
