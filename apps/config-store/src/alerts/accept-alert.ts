import type { AlertReceipt, BotAlert } from '#libs/contracts'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { Presence } from '../coverage/presence.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { requireRegion } from '../coverage/require-region.js'
import { ALERT_INBOX, inboxId } from './alert.table.js'

/** An alert becomes an event exactly once per id, however often its bot tells it. */
@Injectable()
export class AcceptAlert {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly presence: Presence,
    private readonly copy: DocumentCopy,
  ) {}

  /** `keyRegion`: where the key says that its bot is. */
  execute(alert: BotAlert, keyRegion?: string): Promise<AlertReceipt> {
    const present = this.presence.find(alert.bot)
    const known = keyRegion ?? (present?.region || undefined)
    requireRegion(known, alert.region)
    const told = { ...alert, region: known ?? alert.region, connected: present !== undefined }
    const ofRun = this.runOf(told)
    return this.runtime.database.locked([`bot:${alert.bot}`], async (tx) => {
      const receivedAt = tx.now.toISOString()
      if (await tx.documents(ALERT_INBOX).insert({ id: inboxId(alert), receivedAt })) {
        await this.runtime.emit(tx, 'hms.alert.reported.v1', { ...told, ofRun, receivedAt }, { key: alert.bot })
      }
      return { id: alert.id, accepted: true }
    })
  }

  /** For anyone who asks later which run an alert was about; what it counts for is the canary's to say. */
  private runOf({ bot, region, policy }: BotAlert): number | null {
    const now = this.runtime.clock.now().getTime()
    const policies = policy === undefined ? this.copy.policies() : [policy]
    return Math.max(0, ...policies.map((id) => this.copy.inForce(id, { bot, region }, now)?.held.head.run ?? 0)) || null
  }
}
