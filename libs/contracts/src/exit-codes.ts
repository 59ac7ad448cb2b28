import type { RunState } from './runs.js'

export const EXIT = {
  done: 0,
  internal: 1,
  usage: 2,
  notAllowed: 3,
  notFound: 4,
  conflict: 5,
  failed: 6,
  paused: 7,
  stillRunning: 8,
  rolledBack: 9,
  proofInvalid: 10,
  unreachable: 11,
  interrupted: 130,
} as const

export function exitCodeOfRun(state: RunState): number {
  switch (state) {
    case 'SUCCEEDED':
      return EXIT.done
    case 'FAILED':
      return EXIT.failed
    case 'PAUSED':
    case 'AWAITING_APPROVAL':
      return EXIT.paused
    case 'ROLLED_BACK':
    case 'ABORTED':
    case 'SUPERSEDED':
    case 'STALE':
      return EXIT.rolledBack
    default:
      return EXIT.stillRunning
  }
}

/** Returns the exit code of an error reported by a service or the CLI. */
export function exitCodeOfStatus(status: number): number {
  if (status === 401 || status === 403) return EXIT.notAllowed
  if (status === 404) return EXIT.notFound
  if (status === 409) return EXIT.conflict
  if (status === 422) return EXIT.failed
  if (status === 429 || status === 502 || status === 503 || status === 504) return EXIT.unreachable
  if (status >= 400 && status < 500) return EXIT.usage
  return EXIT.internal
}
