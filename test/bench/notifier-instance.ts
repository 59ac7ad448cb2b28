import { policyKey } from '#libs/messaging'
import { silentLogger, systemClock, Metrics } from '#libs/platform'
import { createRuntime, openPostgresService, type OpenService, type ServiceRuntime } from '#libs/service'
import { UndiciWebhookSender } from '../../apps/notifier/src/channels/webhook/send-webhook.js'
import { sampleRelease } from '../../apps/notifier/src/channels/sample-release.suite.js'
import { DeliveryLanes } from '../../apps/notifier/src/delivery/delivery-lanes.js'
import { type News, noticeOf } from '../../apps/notifier/src/delivery/news.js'
import { SendDelivery } from '../../apps/notifier/src/delivery/send-delivery.js'
import { SendSlots } from '../../apps/notifier/src/delivery/send-slots.js'
import { NotifierConfig } from '../../apps/notifier/src/notifier.config.js'
import { definition } from '../../apps/notifier/src/notifier.module.js'
import { PARTNERS, type RegisteredPartner } from '../../apps/notifier/src/partners/partner.table.js'
import { sealPartner } from '../../apps/notifier/src/secrets/sealed-channels.js'
import { SecretBox } from '../../apps/notifier/src/secrets/secret-box.js'
import { secretKey } from '../../apps/notifier/src/secrets/secret-keys.js'
import type { TestIdentity } from '../support/identity.js'
import { NotingBus } from './noting.js'

const LOOPBACK = '127.0.0.0/8'
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export interface Arrival {
  partner: string
  /** From the commit of the message to that of its delivery, by the database's clock. */
  tookMs: number
}

/** What of notifier sends, wired as in production: its own pool, session and relay, and real posts. */
export class NotifierInstance {
  readonly arrivals: Arrival[] = []

  private constructor(
    private readonly opened: OpenService,
    private readonly runtime: ServiceRuntime,
    private readonly lanes: DeliveryLanes,
    private readonly worker: SendDelivery,
    private readonly box: SecretBox,
  ) {}

  static async open(url: string, identity: TestIdentity): Promise<NotifierInstance> {
    const opened = await openPostgresService(definition, { url, clock: systemClock, log: silentLogger, embedded: true })
    const signer = identity.serviceSigner('notifier')
    const options = {
      name: 'notifier',
      profile: 'dev',
      environment: {},
      configStoreUrls: [],
      clock: systemClock,
      log: silentLogger,
      metrics: new Metrics(),
    } as const
    const { database, stores, coordination, ready } = opened
    const runtime = createRuntime({ ...options, database, roster: identity.roster, signer }, stores, new NotingBus(), coordination, ready)
    const [config, box] = [new NotifierConfig(), new SecretBox(async () => [secretKey(Buffer.alloc(32, 1))])]
    const lanes = new DeliveryLanes(runtime.database, runtime.timers, runtime.pruning, runtime.log, runtime.metrics, runtime.outbox, config)
    const senders = { webhook: new UndiciWebhookSender({ deployment: { profile: 'dev', networks: [LOOPBACK] }, signer }) }
    const worker = new SendDelivery(runtime.database, runtime.timers, runtime.clock, lanes, config, senders, box, new SendSlots())
    const instance = new NotifierInstance(opened, runtime, lanes, worker, box)
    await instance.wire()
    return instance
  }

  /** One webhook each. */
  async register(partners: readonly { id: string; url: string }[]): Promise<RegisteredPartner[]> {
    const registered = partners.map(({ id, url }): RegisteredPartner => {
      const channels = [{ kind: 'webhook' as const, url, secret: SECRET }]
      const usual = { deliver: 'all', contact: null, rate: 100, lane: 'latest', networks: [LOOPBACK] } as const
      return { id, name: id, groups: [], channels, ...usual, networks: [...usual.networks], addedAt: new Date().toISOString() }
    })
    const sealed = await Promise.all(registered.map((partner) => sealPartner(this.box, partner)))
    await this.opened.database.transaction(async (tx) => {
      for (const partner of sealed) await tx.documents(PARTNERS).put(partner)
    })
    return sealed
  }

  /** One message about one policy to each of them, as a run sends it. */
  async tell(run: number, policy: string, partners: readonly RegisteredPartner[]): Promise<void> {
    const release = await sampleRelease({ id: policy, version: '1.0.0', effective: '2026-01-01T00:00:00Z', limit: 25 })
    const { policyDigest: digest } = release
    const told = { policy, version: '1.0.0', digest, effective: '2026-01-01T00:00:00Z', release, replaced: null, before: null }
    const news: News = { cause: `${run}.1`, messageCause: `run_${run}`, run, stage: null, at: new Date(), policies: [told] }
    await this.opened.database.locked([policyKey(policy)], (tx) => this.lanes.add(tx, noticeOf(news), partners))
  }

  start(): void {
    this.runtime.start()
  }

  /** Also the pool and the session. */
  async stop(): Promise<void> {
    this.worker.onModuleDestroy()
    await this.runtime.stop()
    await this.worker.onApplicationShutdown()
  }

  private async wire(): Promise<void> {
    this.lanes.onModuleInit()
    this.lanes.addListener({
      delivered: async (tx, { partner, createdAt, deliveredAt }) => {
        const tookMs = Date.parse(deliveredAt!) - Date.parse(createdAt)
        tx.afterCommit(() => this.arrivals.push({ partner, tookMs }))
      },
    })
    await this.worker.onModuleInit()
  }
}
