import { documentTable, type Transaction } from '#libs/persistence'
import type { Outcome } from '../channels/channel-sender.js'
import type { Partner } from '../partners/partner.js'
import { afterTry, breakerId, passage, type Breaker } from './breaker.js'
import type { Delivery } from './delivery.table.js'
import { RateLimit } from './rate-limit.js'
import { HORIZON_MS } from './schedule.js'

/** One row for each channel that ever failed. */
export const BREAKERS = documentTable<Breaker>({ name: 'breaker', id: (breaker) => breaker.id, keys: {} })

/**
 * Lock key of a breaker. It sorts between the lock of a policy, which is already held, and that of a stage, which is taken later, so no
 * transaction restarts because of it.
 */
function breakerKey(id: string): string {
  return `sending:${id}`
}

/** Checks besides the schedule before an attempt: the channel's breaker, and the partner's rate. */
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

/** Records the outcome of an attempt in the channel's breaker. */
export async function noteTry(tx: Transaction, { partner, channel }: Delivery, { kind }: Outcome): Promise<Breaker | undefined> {
  const id = breakerId(partner, channel)
  const seen = await tx.documents(BREAKERS).get(id)
  if (afterTry(id, seen, kind, tx.now) === seen) return seen
  await tx.lock([breakerKey(id)])
  const breaker = afterTry(id, await tx.documents(BREAKERS).get(id), kind, tx.now)
  if (breaker !== undefined) await tx.documents(BREAKERS).put(breaker)
  return breaker
}
