import type { ReceivedEvent, ReleaseDocument, RunDossier } from '#libs/contracts'
import type { EventAnswer } from '#libs/messaging'
import type { Transaction } from '#libs/persistence'
import { ServiceRuntime } from '#libs/service'
import { deniedByGuard } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { NotifierConfig } from '../notifier.config.js'
import { PARTNERS } from '../partners/partner.table.js'
import { resolvePartners } from '../partners/partner.js'
import { deadlineTimerId, NOTIFICATIONS, notificationKey, NOTIFY_DEADLINE, stageId, type Notification } from './notification.table.js'
import { releaseFacts } from './release-facts.js'
import { SettleNotification } from './settle-notification.js'

const MAX_PARTNERS = 10_000

type OpenedStage = Pick<Notification, 'id' | 'run' | 'attempt' | 'partners' | 'unknown'>

/** The stage: one message for each policy, partner and channel of a run that is live for all. */
@Injectable()
export class NotifyPartners {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly config: NotifierConfig,
    private readonly lanes: DeliveryLanes,
    private readonly settleNotification: SettleNotification,
  ) {}

  async execute(tx: Transaction, dossier: RunDossier, cause: ReceivedEvent): Promise<EventAnswer> {
    const { run, attempt, plan, releases } = dossier
    const id = stageId(run, attempt)
    if ((await tx.documents(NOTIFICATIONS).get(id)) !== undefined) return 'ignored-stale'
    if (await deniedByGuard(this.runtime, tx, 'notify', dossier, cause)) return
    const registered = new Map((await tx.documents(PARTNERS).find({ limit: MAX_PARTNERS })).map((partner) => [partner.id, partner]))
    const { partners, unknown } = resolvePartners(plan.partners, [...registered.values()])
    const told = partners.map((partner) => partner.id)
    await this.open(tx, { id, run, attempt, partners: told, unknown }, cause)
    for (const release of releases) {
      const news = { ...this.newsOf(dossier, release, cause), cause: `run-${run}-${attempt}`, messageCause: `run_${run}`, run, stage: id }
      for (const partner of told) await this.lanes.add(tx, news, registered.get(partner)!)
    }
    await this.settleNotification.execute(tx, id)
  }

  private async open(tx: Transaction, stage: OpenedStage, cause: ReceivedEvent): Promise<void> {
    const { id, run, attempt, partners } = stage
    const traceparent = cause.traceparent
    const origin = { key: cause.key, causationId: cause.id, traceparent: traceparent ?? null }
    const opened = { state: 'open' as const, startedAt: tx.now.toISOString(), completedAt: null, summary: null }
    const notification: Notification = { ...stage, ...origin, ...opened }
    await tx.documents(NOTIFICATIONS).put(notification)
    const dueAt = new Date(tx.now.getTime() + this.config.deadlineMs)
    const timer = {
      id: deadlineTimerId(notification),
      kind: NOTIFY_DEADLINE,
      keys: [notificationKey(id)],
      data: { stage: id, run, attempt, key: cause.key },
      dueAt,
    }
    await this.runtime.schedule(tx, timer)
    const options = { key: cause.key, run, attempt, causationId: cause.id, traceparent }
    await this.runtime.emit(tx, 'hms.notification.started.v1', { run, attempt, partners }, options)
  }

  private newsOf(dossier: RunDossier, release: ReleaseDocument, cause: ReceivedEvent) {
    const before = dossier.live[release.id]?.version ?? null
    const bundle = dossier.releases.map(({ id, version }) => `${id}@${version}`)
    return { ...releaseFacts(release), before, bundle, at: new Date(cause.time) }
  }
}
