import { NO_RUN, type DeliveryFacts } from '#libs/contracts'
import type { Outbox } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import type { Outcome } from '../channels/channel-sender.js'
import type { Delivery } from './delivery.table.js'
import type { Evidence } from './evidence.table.js'

/** Publishes the outcome of deliveries on `hms.receipt.v1` for the audit trail: when each partner was notified, and the evidence. */
export class DeliveryEvents {
  constructor(private readonly outbox: Outbox) {}

  /** Publishes the end of a delivery. An attempt that is retried, or a delivery replaced by a newer message, publishes nothing. */
  async ended(tx: Transaction, delivery: Delivery, kind: Outcome['kind'], evidence: Evidence): Promise<void> {
    const { tries, state } = delivery
    const { at, status, address, tlsFingerprint, keyId, detail } = evidence
    if (kind === 'delivered') {
      const shown = { tries, status, address, tlsFingerprint, keyId }
      await this.outbox.emit(tx, 'hms.delivery.delivered.v1', { ...factsOf(delivery, at), ...shown }, origin(delivery))
    } else if (state === 'dead' || state === 'delivered') {
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
