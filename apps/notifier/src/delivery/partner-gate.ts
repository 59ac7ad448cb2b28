import { documentTable, type Transaction } from '#libs/persistence'
import type { Outcome } from '../channels/channel-sender.js'
import type { Partner } from '../partners/partner.js'
import { afterAttempt, breakerId, passage, type Breaker } from './breaker.js'
import type { Delivery } from './delivery.table.js'
import { HORIZON_MS } from './schedule.js'

const MAX_BUCKETS = 10_000

/** One row for each channel that ever failed. */
export const BREAKERS = documentTable<Breaker>({ name: 'breaker', id: (breaker) => breaker.id, keys: {} })

/** Lock key of a breaker. It sorts after policy locks, held already, and before the stage lock, taken later: no transaction restarts. */
function breakerKey(id: string): string {
  return `sending:${id}`
}

/** Checks before an attempt, in addition to the schedule: the channel's breaker and the partner's rate. */
export class PartnerGate {
  private readonly rates = new RateLimit()

  /** Returns the wait in milliseconds; 0: the delivery may be attempted now. `isDown`: the breaker is open. */
  async wait(tx: Transaction, delivery: Delivery, { id: partner, rate }: Partner): Promise<{ waitMs: number; isDown: boolean }> {
    const now = tx.now.getTime()
    const end = delivery.firstAt === null ? Infinity : Date.parse(delivery.firstAt) + HORIZON_MS
    const passed = await this.pass(tx, breakerId(partner, delivery.channel), now >= end)
    if (!passed.pass) return { waitMs: Math.max(1, Math.min(passed.until.getTime(), end) - now), isDown: true }
    const isProbe = passed.breaker !== undefined
    return { waitMs: isProbe ? 0 : this.rates.take(partner, rate, now), isDown: false }
  }

  private async pass(tx: Transaction, id: string, isLast: boolean): Promise<ReturnType<typeof passage>> {
    const seen = await tx.documents(BREAKERS).get(id)
    if (seen === undefined || seen.openUntil === null) return passage(seen, tx.now, isLast)
    await tx.lock([breakerKey(id)])
    const passed = passage(await tx.documents(BREAKERS).get(id), tx.now, isLast)
    if (passed.pass && passed.breaker !== undefined) await tx.documents(BREAKERS).put(passed.breaker)
    return passed
  }
}

export async function recordInBreaker(tx: Transaction, { partner, channel }: Delivery, { kind }: Outcome): Promise<Breaker | undefined> {
  const id = breakerId(partner, channel)
  const seen = await tx.documents(BREAKERS).get(id)
  if (afterAttempt(id, seen, kind, tx.now) === seen) return seen
  await tx.lock([breakerKey(id)])
  const breaker = afterAttempt(id, await tx.documents(BREAKERS).get(id), kind, tx.now)
  if (breaker !== undefined) await tx.documents(BREAKERS).put(breaker)
  return breaker
}

/** Token bucket for each partner: `rate` attempts a second sustained, twice as many in a burst. Local to this process. */
export class RateLimit {
  private readonly buckets = new Map<string, { tokens: number; at: number }>()

  /** Takes a token and returns 0, or returns the milliseconds until a token is available. */
  take(partner: string, rate: number, nowMs: number): number {
    const burst = 2 * rate
    const { tokens, at } = this.buckets.get(partner) ?? { tokens: burst, at: nowMs }
    const available = Math.min(burst, tokens + (Math.max(0, nowMs - at) / 1000) * rate)
    const waitMs = available >= 1 ? 0 : Math.ceil(((1 - available) / rate) * 1000)
    this.buckets.delete(partner)
    this.buckets.set(partner, { tokens: waitMs === 0 ? available - 1 : available, at: nowMs })
    // Drops the least recently used bucket. At worst its partner gets a full bucket early.
    const [oldest] = this.buckets.keys()
    if (oldest !== undefined && this.buckets.size > MAX_BUCKETS) this.buckets.delete(oldest)
    return waitMs
  }
}
