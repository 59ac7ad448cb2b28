import { EventConsumer, type BusRecord } from '#libs/messaging'
import { documentTable, type Transaction } from '#libs/persistence'
import { digestOfJson } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { JudgeAlert } from './judge-alert.js'
import { unsignedAlertOf } from './unsigned-alert.js'

/** Record without a sequence number that a position could check. */
export interface UnsignedAlert {
  id: string
}

export const UNSIGNED_ALERTS = documentTable<UnsignedAlert>({
  name: 'unsigned_alert',
  id: ({ id }) => id,
  keys: {},
  keep: { for: 'machinery' },
})

/** Accepts alerts that bots on Kafka write to the topic themselves. No signature proves the sender, so all of them count as one bot. */
@Injectable()
export class TakeUnsignedAlerts implements OnModuleInit {
  constructor(
    private readonly consumer: EventConsumer,
    private readonly judgeAlert: JudgeAlert,
  ) {}

  onModuleInit(): void {
    this.consumer.outside('hms.bot.alert.v1', (record, tx) => this.take(record, tx))
  }

  private async take(record: BusRecord, tx: Transaction): Promise<boolean> {
    const alert = unsignedAlertOf(record)
    if (alert === undefined) return false
    const isNew = await tx.documents(UNSIGNED_ALERTS).insert({ id: digestOfJson([alert.bot, alert.id]) })
    if (isNew) await this.judgeAlert.execute(tx, { ...alert, receivedAt: tx.now.toISOString(), connected: false, ofRun: null }, 'unsigned')
    return true
  }
}
