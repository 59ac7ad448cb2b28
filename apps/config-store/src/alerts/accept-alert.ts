import type { AlertReceipt, BotAlert } from '#libs/contracts'
import { timerKind, type Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { Presence } from '../coverage/presence.js'
import { DocumentCopy } from '../delivery/document-copy.js'
import { requireRegion } from '../coverage/require-region.js'
import { ALERT_INBOX, inboxId } from './alert.table.js'

/** Longer than the week for which a bot's record of an alert can come again. */
const KEEP_MS = 8 * 24 * 60 * 60 * 1000
const PRUNE_MS = 60 * 60 * 1000
const PRUNE_BATCH = 200
const NEXT_BATCH_MS = 100
const PRUNE = timerKind('alerts-prune')

/** An alert becomes an event exactly once per id, however often its bot tells it. */
@Injectable()
export class AcceptAlert {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly presence: Presence,
    private readonly copy: DocumentCopy,
  ) {
    runtime.onTimer(PRUNE, (tx) => this.prune(tx))
    // Housekeeping is never over: the next hour it is tried again.
    runtime.onGivenUp(PRUNE, (tx) => this.pruneIn(tx, PRUNE_MS))
  }

  /** `keyRegion`: where the key says that its bot is. */
  execute(alert: BotAlert, keyRegion?: string): Promise<AlertReceipt> {
    const present = this.presence.find(alert.bot)
    const known = keyRegion ?? (present?.region || undefined)
    requireRegion(known, alert.region)
    const told = { ...alert, region: known ?? alert.region, connected: present !== undefined }
    const ofRun = this.runOf(told)
    return this.runtime.database.transaction(async (tx) => {
      await tx.lock([`bot:${alert.bot}`])
      const receivedAt = tx.now.toISOString()
      if (await tx.documents(ALERT_INBOX).insert({ id: inboxId(alert), receivedAt })) {
        await this.runtime.emit(tx, 'hms.alert.reported.v1', { ...told, ofRun, receivedAt }, { key: alert.bot })
        if ((await this.runtime.pendingTimers(tx, PRUNE)).length === 0) await this.pruneIn(tx, PRUNE_MS)
      }
      return { id: alert.id, accepted: true }
    })
  }

  /** For whoever asks later which run an alert was about; what it counts for is the canary's to say. */
  private runOf({ bot, region, policy }: BotAlert): number | null {
    const now = this.runtime.clock.now().getTime()
    const policies = policy === undefined ? this.copy.policies() : [policy]
    return Math.max(0, ...policies.map((id) => this.copy.inForce(id, { bot, region }, now)?.held.head.run ?? 0)) || null
  }

  private async prune(tx: Transaction): Promise<void> {
    const limit = new Date(tx.now.getTime() - KEEP_MS).toISOString()
    const oldest = await tx.documents(ALERT_INBOX).find({ orderBy: 'received_at', limit: PRUNE_BATCH })
    const old = oldest.filter(({ receivedAt }) => receivedAt < limit)
    for (const { id } of old) await tx.documents(ALERT_INBOX).delete(id)
    await this.pruneIn(tx, old.length === PRUNE_BATCH ? NEXT_BATCH_MS : PRUNE_MS)
  }

  private pruneIn(tx: Transaction, delayMs: number): Promise<void> {
    return this.runtime.schedule(tx, { id: PRUNE, kind: PRUNE, keys: [], data: {}, dueAt: new Date(tx.now.getTime() + delayMs) })
  }
}
