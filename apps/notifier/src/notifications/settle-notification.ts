import type { Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DELIVERIES } from '../delivery/delivery.table.js'
import { deadlineTimerId, NOTIFICATIONS, NOTIFY_DEADLINE, notificationKey } from './notification.table.js'
import { summarize } from './summary.js'

const MAX_DELIVERIES = 10_000

/** Ends a notify stage, once: its lock is held from the count to the commit, and a completed stage is left alone. */
@Injectable()
export class SettleNotification implements OnModuleInit {
  constructor(private readonly runtime: ServiceRuntime) {}

  onModuleInit(): void {
    this.runtime.onTimer(NOTIFY_DEADLINE, (tx, { data }) => this.execute(tx, data.stage, { over: true }))
  }

  /** `over`: the deadline has passed, so first tries that are still open no longer count. */
  async execute(tx: Transaction, stage: string | null, { over = false } = {}): Promise<void> {
    if (stage === null) return
    await tx.lock([notificationKey(stage)])
    const notification = await tx.documents(NOTIFICATIONS).get(stage)
    if (notification?.state !== 'open') return
    if (!over && (await tx.documents(DELIVERIES).count({ stage, first_try: 'open' })) > 0) return
    const deliveries = await tx.documents(DELIVERIES).find({ where: { stage }, limit: MAX_DELIVERIES })
    const { summary, sent, retrying } = summarize(notification, deliveries)
    await tx.documents(NOTIFICATIONS).put({ ...notification, state: 'completed', completedAt: tx.now.toISOString(), summary })
    await this.runtime.cancel(tx, deadlineTimerId(notification))
    const { run, attempt, key, causationId, traceparent } = notification
    const options = { key, run, attempt, causationId, traceparent: traceparent ?? undefined }
    await this.runtime.emit(tx, 'hms.notification.completed.v1', { run, attempt, summary, sent, retrying }, options)
  }
}
