import { AT_WRITE_LIMIT, type AlertReceipt, type BotAlert } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database } from '#libs/persistence'
import type { Profile } from '#libs/process'
import { PROFILE, type Actor } from '#libs/service'
import { Inject, Injectable } from '@nestjs/common'
import { type BotPresence, readerOf, requireRegion } from '../coverage/coverage.js'
import { Presence } from '../coverage/presence.js'
import { DocumentCopy } from '../copy/document-copy.js'
import { StoreTime } from '../store-time.js'
import { ALERT_INBOX, inboxId } from './alert.table.js'

/** Limit of runs whose release an alert names as acknowledged: a canary or bake in progress is among the newest. */
const MAX_APPLIED = 32

/** Publishes an accepted alert as an event exactly once per id, however often its bot reports it. */
@Injectable()
export class AcceptAlert {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly time: StoreTime,
    @Inject(PROFILE) private readonly profile: Profile,
    private readonly presence: Presence,
    private readonly copy: DocumentCopy,
  ) {}

  /**
   * Accepts an alert. `actor`: owner of the request's key or signature; missing if profile dev requires neither. `isAtWriteLimit`:
   * whether the request has no key and its address writes as often as it may.
   */
  execute(alert: BotAlert, actor?: Actor, isAtWriteLimit = false): Promise<AlertReceipt> {
    const present = this.presence.find(alert.bot)
    const known = actor?.region ?? (present?.region || undefined) // guard: alert-region-simulated
    requireRegion(known, alert.region) // guard: alert-region
    // In profile dev only a key names the reporter, because there the operator signs every write of CLI and SDK.
    const countsByBot = this.profile === 'dev' && actor?.kind !== 'token'
    const withoutKey = isAtWriteLimit ? AT_WRITE_LIMIT : undefined // guard: alert-flood
    const reporter = countsByBot ? withoutKey : actor?.id
    const { ofRun, applied } = this.releasesOf(alert, present)
    const reported = {
      ...alert,
      region: known ?? (countsByBot ? alert.region : ''), // guard: alert-claimed-region
      connected: present !== undefined,
      ofRun,
      ...(present === undefined ? {} : { applied }),
      ...(reporter === undefined ? {} : { reporter }),
    }
    return this.database.locked([`bot:${alert.bot}`], async (tx) => {
      const receivedAt = tx.now.toISOString()
      if (await tx.documents(ALERT_INBOX).insert({ id: inboxId(alert), receivedAt }))
        await this.outbox.emit(tx, 'hms.alert.reported.v1', { ...reported, receivedAt }, { key: alert.bot })
      return { id: alert.id, accepted: true }
    })
  }

  /**
   * Returns the releases behind an alert. `ofRun`: newest run in force for this bot, of the alert's policy or of all. `applied`: for each
   * of the newest runs, one release that the bot's open stream acknowledged, by which canary-controller recognises the bots of its canary.
   */
  private releasesOf({ bot, region, policy }: BotAlert, present: BotPresence | undefined): { ofRun: number | null; applied: string[] } {
    const reader = present === undefined ? { bot, region } : { ...readerOf(present), region: present.region || region }
    const policies = policy === undefined ? this.copy.policies() : [policy]
    const acknowledged = new Map<number, string>()
    let newest = 0
    for (const id of policies) {
      const { run = 0, current } = this.copy.inForce(id, reader, this.time.nowMs())?.held.head ?? {}
      newest = Math.max(newest, run ?? 0)
      if (current && present?.applied[id] === current) acknowledged.set(run ?? 0, current)
    }
    const runs = [...acknowledged.keys()].sort((a, b) => b - a).slice(0, MAX_APPLIED)
    return { ofRun: newest || null, applied: runs.map((run) => acknowledged.get(run)!) }
  }
}
