import { NO_RUN, type DeliveryFacts } from '#libs/contracts'
import type { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import type { Delivery } from './delivery.table.js'
import type { Evidence } from './evidence.table.js'

/** Publishes the outcome of deliveries on `hms.receipt.v1` for the audit trail: when each partner was notified, and the evidence. */
export class DeliveryEvents {
  constructor(private readonly outbox: Outbox) {}

  /**
   * Publishes the outcome of a delivery that ended. `outcome` is that of the attempt: if the redrive of a delivered message fails, the
   * stored state stays `delivered`, but given up is published. A retried attempt and a `superseded` delivery publish nothing.
   */
  async ended(tx: Transaction, delivery: Delivery, outcome: Delivery['state'], evidence: Evidence): Promise<void> {
    const { tries } = delivery
    const { at, status, address, tlsFingerprint, keyId, detail } = evidence
    if (outcome === 'delivered') {
      const shown = { tries, status, address, tlsFingerprint, keyId }
      await this.outbox.emit(tx, 'hms.delivery.delivered.v1', { ...factsOf(delivery, at), ...shown }, origin(delivery))
    } else if (outcome === 'dead') {
      await this.outbox.emit(tx, 'hms.delivery.given-up.v1', { ...factsOf(delivery, at), tries, detail }, origin(delivery))
    }
  }

  async acknowledged(tx: Transaction, delivery: Delivery): Promise<void> {
    const { at, way, keyId } = delivery.acknowledged!
    await this.outbox.emit(tx, 'hms.delivery.acknowledged.v1', { ...factsOf(delivery, at), way, keyId }, origin(delivery))
  }

  async redriven(tx: Transaction, delivery: Delivery): Promise<void> {
    const { at, by, reason } = delivery.redrives!.at(-1)!
    await this.outbox.emit(tx, 'hms.delivery.redriven.v1', { ...factsOf(delivery, at), by, reason }, origin(delivery))
  }
}

function factsOf({ id, messageId, partner, channel, policy, version, digest, policies, run }: Delivery, at: string): DeliveryFacts {
  const several = policies === undefined ? {} : { policies: [...policies] }
  return { delivery: id, message: messageId, partner, channel, policy, version, digest, ...several, run, at }
}

function origin({ partner, run }: Delivery): { key: string; run?: number } {
  return run === NO_RUN ? { key: partner } : { key: partner, run }
}
