import { Outbox, policyKey } from '#libs/messaging'
import { timerKind, Timers, type Transaction } from '#libs/persistence'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DOCUMENTS, documentId, type StoredDocument } from './head.table.js'

const CANARY_OVER = timerKind<{ policy: string; scope: string }>('canary-over')

/**
 * Removes a canary's document from the topic of state once its last lease has expired, so that the topic has each policy once. The row
 * stays, because its number must never be issued again; snapshots omit it.
 */
@Injectable()
export class EndCanaries implements OnModuleInit {
  constructor(
    private readonly outbox: Outbox,
    private readonly timers: Timers,
  ) {}

  onModuleInit(): void {
    this.timers.on(CANARY_OVER, (tx, { data: { policy, scope } }) => this.execute(tx, policy, scope))
  }

  /** Schedules the end; a renewal postpones it. */
  async schedule(tx: Transaction, { id, scope, leaseUntil }: StoredDocument): Promise<void> {
    if (leaseUntil === undefined) return
    const timer = { id: `canary-over:${documentId(id, scope)}`, kind: CANARY_OVER, keys: [policyKey(id)], data: { policy: id, scope } }
    await this.timers.schedule(tx, { ...timer, dueAt: new Date(leaseUntil) })
  }

  async execute(tx: Transaction, policy: string, scope: string): Promise<void> {
    const place = documentId(policy, scope)
    const document = await tx.documents(DOCUMENTS).get(place)
    if (document?.leaseUntil === undefined || document.ended === true || Date.parse(document.leaseUntil) > tx.now.getTime()) return
    await tx.documents(DOCUMENTS).put({ ...document, ended: true })
    await this.outbox.erase(tx, 'hms.state.recorded.v1', place)
  }
}
