/** Result of one check. `unknown`: the check was not possible, which is no failure. */
export interface Check {
  check: string
  state: 'ok' | 'warn' | 'wrong' | 'unknown'
  detail: string
  /** Command that fixes it. */
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
