import type { Outcome } from '../channels/channel-sender.js'

/** Circuit breaker of a partner's channel. While open, deliveries wait without using attempts; one probe at a time checks it. */
export interface Breaker {
  /** Result of `breakerId`. */
  id: string
  /** Consecutive failed attempts. */
  failures: number
  /** Attempts of the last minutes, oldest first. */
  recent: { at: string; failed: boolean }[]
  /** The breaker is open until this time; the next attempt after it is a probe. `null`: closed. */
  openUntil: string | null
  /** Duration in ms of the last opening; the next failed probe doubles it, up to `MAX_PROBE_MS`. */
  probeMs: number
}

export const FAILURES_IN_A_ROW = 5
const WINDOW_MS = 5 * 60_000
const MIN_ATTEMPTS = 10
const FAILED_SHARE = 0.7
const MAX_RECENT_ATTEMPTS = 50
const FIRST_PROBE_MS = 30_000
const MAX_PROBE_MS = 10 * 60_000
/** Time in ms in which no second probe starts; as long as the lease of an attempt. */
const PROBE_LEASE_MS = 30_000

export type Passage =
  /** `breaker`: the state to store before the attempt. */
  { pass: true; breaker: Breaker | undefined } | { pass: false; until: Date }

export function breakerId(partner: string, channel: string): string {
  return `${partner}/${channel}`
}

/** Decides whether to attempt a delivery. `isLast`: its 24 hours have expired, and a last attempt is always allowed. */
export function passage(breaker: Breaker | undefined, now: Date, isLast: boolean): Passage {
  if (breaker === undefined || breaker.openUntil === null) return { pass: true, breaker: undefined }
  const until = new Date(breaker.openUntil)
  if (until > now && !isLast) return { pass: false, until }
  const probing = new Date(now.getTime() + PROBE_LEASE_MS)
  return { pass: true, breaker: { ...breaker, openUntil: probing.toISOString() } }
}

/** Returns the breaker after an attempt; the same object if nothing changes. */
export function afterAttempt(id: string, known: Breaker | undefined, outcome: Outcome['kind'], now: Date): Breaker | undefined {
  const health = healthOf(outcome)
  if (health === undefined || (known === undefined && health === 'up')) return known
  const breaker = known ?? { id, failures: 0, recent: [], openUntil: null, probeMs: FIRST_PROBE_MS }
  const recent = [...breaker.recent, { at: now.toISOString(), failed: health === 'down' }]
    .filter(({ at }) => now.getTime() - Date.parse(at) < WINDOW_MS)
    .slice(-MAX_RECENT_ATTEMPTS)
  if (health === 'up') {
    // Failures before the recovery do not count after it.
    const counted = breaker.openUntil === null ? recent : []
    return { ...breaker, failures: 0, recent: counted, openUntil: null, probeMs: FIRST_PROBE_MS }
  }
  const failures = breaker.failures + 1
  if (breaker.openUntil !== null) return opened({ ...breaker, failures, recent }, Math.min(breaker.probeMs * 2, MAX_PROBE_MS), now)
  const failed = recent.filter((each) => each.failed).length
  const isDown = failures >= FAILURES_IN_A_ROW || (recent.length >= MIN_ATTEMPTS && failed >= recent.length * FAILED_SHARE)
  return isDown ? opened({ ...breaker, failures, recent }, FIRST_PROBE_MS, now) : { ...breaker, failures, recent }
}

function opened(breaker: Breaker, probeMs: number, now: Date): Breaker {
  return { ...breaker, probeMs, openUntil: new Date(now.getTime() + probeMs).toISOString() }
}

/** Maps an outcome to the channel's health. A rejection shows that it is up; `gone` and our own refusals show nothing. */
function healthOf(outcome: Outcome['kind']): 'up' | 'down' | undefined {
  switch (outcome) {
    case 'delivered':
    case 'working':
    case 'rejected':
      return 'up'
    case 'retry':
      return 'down'
    case 'gone':
    case 'refused':
      return undefined
  }
}
