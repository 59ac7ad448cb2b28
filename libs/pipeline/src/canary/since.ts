import { isLive, type Canary, type CountedAlert } from './canary.js'

/** What is kept of alerts that came too early to be judged: beyond it the first ones have said enough. */
export const MAX_EARLY = 200

/**
 * The topic of the heads may lag behind that of the alerts, and bots answer a head within milliseconds. So an alert that comes before the
 * word of the store waits for it.
 */
export function isEarly(canary: Canary): boolean {
  return isLive(canary) && canary.publishedAt === null
}

export function withEarly(canary: Canary, alert: CountedAlert): Canary {
  const early = canary.early ?? []
  return early.length >= MAX_EARLY || early.some(({ once }) => once === alert.once) ? canary : { ...canary, early: [...early, alert] }
}

/** The canary once the store has said when it stored a head, and the alerts that waited for that and were not before it. */
export function knownSince({ early = [], ...canary }: Canary, storedAt: string): { canary: Canary; alerts: CountedAlert[] } {
  return { canary: { ...canary, publishedAt: storedAt }, alerts: early.filter(({ receivedAt }) => receivedAt >= storedAt) }
}

/** Its cohort fell back when the lease lapsed: alerts count again from the next head that is stored. */
export function sinceRenewal(canary: Canary, now: Date): Canary {
  const hasLapsed = isLive(canary) && canary.publishedAt !== null && Date.parse(canary.leaseUntil) <= now.getTime()
  return hasLapsed ? { ...canary, publishedAt: null } : canary
}

/** Whether its cohort lived under the new rule when this was received. What comes before the word of the store may have. */
export function isInTime(canary: Canary, receivedAt: string): boolean {
  if (canary.publishedAt !== null && receivedAt < canary.publishedAt) return false
  // Once it has passed, the stable heads may have taken over while nobody renewed the lease.
  return !isLive(canary) || receivedAt <= canary.leaseUntil
}
