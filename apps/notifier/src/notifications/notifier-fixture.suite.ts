import {
  packDossier,
  type EventType,
  type OutgoingEvent,
  type ReceivedEvent,
  type ReleaseDocument,
  type ReversedPolicy,
  type RunDossier,
  type VersionRef,
} from '#libs/contracts'
import { policyKey } from '#libs/messaging'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { buildRelease, signEnvelope } from '#libs/signing'
import { createRuntime } from '#libs/service'
import { testIdentity } from '../../../../test/support/identity.js'
import type { AckResult, Attempt, Outcome, SentMessage } from '../channels/channel-sender.js'
import { DELIVERIES, type Delivery } from '../delivery/delivery.table.js'
import { DeliveryLanes } from '../delivery/delivery-lanes.js'
import { SendDelivery } from '../delivery/send-delivery.js'
import { SendSlots } from '../delivery/send-slots.js'
import { NotifierConfig } from '../notifier.config.js'
import { PARTNERS } from '../partners/partner.table.js'
import type { ChannelKind } from '../partners/channel.js'
import type { Partner } from '../partners/partner.js'
import { CheckForAcks } from '../receipts/check-for-acks.js'
import { sealPartner } from '../secrets/sealed-channels.js'
import { SecretBox } from '../secrets/secret-box.js'
import { secretKey } from '../secrets/secret-keys.js'
import { NotifyPartners } from './notify-partners.js'
import { ReportUndelivered } from './report-undelivered.js'
import { NotifyReversal } from './notify-reversal.js'

const USUAL = { deliver: 'all', contact: null, rate: 5, lane: 'latest' } as const
const POLICY = 'epa-pm25-limit'

type MessageData = { version: string; supersedes: string[]; bundle?: string[]; policies?: { id: string; version: string }[] }
type Sent = { partner: string; channel: ChannelKind; id: string; task?: string; body: { type: string; data: MessageData } }

/**
 * Sender for any kind of channel. Returns the scripted answers per partner, or per `partner/kind`, in turn; the last one repeats. `hang`
 * waits until the attempt is aborted.
 */
class ScriptedSender {
  readonly sent: Sent[] = []
  readonly script = new Map<string, (number | 'hang' | 'acknowledged' | 'working' | 'rejected')[]>()
  /** Message ids requested by each check. */
  readonly looks: string[][] = []
  /** Acknowledgements in the partners' folders; `undefined`: the folders cannot be reached. */
  acks: Map<string, string> | undefined = new Map()

  async send(attempt: Attempt, signal: AbortSignal): Promise<Outcome> {
    const [partner, channel] = [attempt.partner.id, attempt.channel.kind]
    this.sent.push({ partner, channel, id: attempt.id, task: attempt.task, body: JSON.parse(attempt.body.toString()) as never })
    const answers = this.script.get(`${partner}/${channel}`) ?? this.script.get(partner) ?? [204]
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer === 'hang') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { kind: 'retry', latencyMs: 1, detail: 'stopped' }
    }
    if (answer === 'acknowledged') return { kind: 'delivered', status: 200, latencyMs: 1, reply: '{"acknowledged":true}' }
    if (answer === 'working') return { kind: 'working', status: 200, latencyMs: 1, detail: 'task working', task: 't1' }
    if (answer === 'rejected') return { kind: 'rejected', status: 200, latencyMs: 1, detail: 'task rejected: unknown policy' }
    if (answer === 410) return { kind: 'gone', status: 410, latencyMs: 1 }
    if (answer < 300) return { kind: 'delivered', status: answer, latencyMs: 1 }
    // Only the body of a 2xx response acknowledges.
    return { kind: 'retry', status: answer, latencyMs: 1, reply: '{"acknowledged":true}' }
  }

  async close(): Promise<void> {}
}

/** Folder whose partner writes the acknowledgement that `acks` has for a message. */
class ScriptedFolder {
  constructor(private readonly sender: ScriptedSender) {}

  send(attempt: Attempt, signal: AbortSignal): Promise<Outcome> {
    return this.sender.send(attempt, signal)
  }

  async acknowledgements(_place: object, messages: readonly SentMessage[]): Promise<AckResult> {
    this.sender.looks.push(messages.map(({ id }) => id))
    if (this.sender.acks === undefined) return { ok: false, detail: 'no answer in time' }
    return { ok: true, acks: this.sender.acks }
  }

  async close(): Promise<void> {}
}

/** Fixture with notifier's own parts on memory adapters and virtual time, without HTTP and bus. */
export async function notifierFixture() {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const [database, outbox] = [new MemoryDatabase(clock), new MemoryOutboxStore()]
  const identity = await testIdentity()
  const [roster, signer] = [identity.roster, identity.serviceSigner('notifier')]
  const stores = { outbox, positions: new MemoryPositionStore(), timers: new MemoryTimerStore() }
  const coordination = { leadership: { tryLead: async () => false }, notify: () => {}, onNotification: () => {}, close: async () => {} }
  const base = { name: 'notifier' as const, profile: 'dev' as const, environment: {}, configStoreUrls: [], metrics: new Metrics() }
  const ready = async () => ({ database: true, migrations: true })
  const options = { ...base, database, clock, log: silentLogger, roster, signer }
  const runtime = createRuntime(options, stores, new MemoryBus(), coordination, ready)
  const sender = new ScriptedSender()
  const box = new SecretBox(async () => [secretKey(Buffer.alloc(32, 1))])
  const config = Object.assign(new NotifierConfig(), { smtpUrl: 'smtp://mail.agency.example', mailFrom: 'press@agency.example' })
  const lanes = new DeliveryLanes(runtime.database, runtime.timers, runtime.pruning, runtime.log, runtime.metrics, runtime.outbox, config)
  const slots = new SendSlots()
  const senders = { webhook: sender, email: sender, sftp: new ScriptedFolder(sender) }
  const worker = new SendDelivery(runtime.database, runtime.timers, runtime.clock, lanes, config, senders, box, slots)
  const looks = new CheckForAcks(runtime.database, runtime.timers, runtime.clock, runtime.log, lanes, senders, box, slots)
  const notify = new NotifyPartners(runtime, config, lanes)
  for (const part of [lanes, worker, looks, notify]) part.onModuleInit()
  new ReportUndelivered(runtime.outbox, lanes).onModuleInit()
  const reversal = new NotifyReversal(lanes)
  runtime.timers.start()

  const quiet = async (): Promise<void> => {
    for (let idle = 0; idle < 10; idle++) await new Promise((resolve) => setImmediate(resolve))
  }
  const cause = (): ReceivedEvent =>
    ({ id: '01890a5d-ac96-774b-bcce-b302099a8057', key: POLICY, time: clock.now().toISOString() }) as ReceivedEvent
  const handle = <T>(work: (tx: Parameters<NotifyPartners['open']>[0]) => Promise<T>): Promise<T> =>
    database.transaction(async (tx) => {
      await tx.lock([policyKey(POLICY)])
      return work(tx)
    })

  const said = async (type: EventType): Promise<unknown[]> => {
    const events = await database.transaction((tx) => outbox.unsent(tx, 1_000))
    return events.filter((event) => event.type === type).map(dataOf)
  }

  return {
    box,
    runtime,
    database,
    clock,
    lanes,
    sender,
    worker,
    quiet,
    async register(...partners: (Partial<Partner> & { id: string })[]): Promise<void> {
      await database.transaction(async (tx) => {
        for (const partner of partners) {
          const channels = [{ kind: 'webhook' as const, url: `https://${partner.id}.example/`, secret: 'whsec_' }]
          const usual = { name: partner.id, groups: [], channels, ...USUAL }
          const registered = { ...usual, networks: [], addedAt: tx.now.toISOString(), ...partner }
          await tx.documents(PARTNERS).put(await sealPartner(box, registered))
        }
      })
    },
    /** Publishes that a run is live for all. */
    async complete(run: number, version: string, before: string | null, partners: string[] | null = null): Promise<void> {
      const dossier = await dossierOf(run, version, before, partners)
      await handle((tx) => notify.open(tx, dossier, cause()))
      await quiet()
    },
    /** Publishes that a run of several policies is live for all; `policies` is `{ ID: VERSION }`. */
    async completeBundle(run: number, policies: Record<string, string>): Promise<void> {
      const releases = await Promise.all(Object.entries(policies).map(([policy, version]) => releaseOf(version, policy)))
      const dossier = packDossier({ run, attempt: 1, releases, live: {}, used: {}, plan: planFor(null) })
      await handle((tx) => notify.open(tx, dossier, cause()))
      await quiet()
    },
    /** Publishes that the canary of a run passed, and its rollout starts. */
    async foretell(run: number, version: string, before: string | null): Promise<void> {
      const dossier = await dossierOf(run, version, before, null)
      await handle((tx) => notify.foretell(tx, dossier, cause()))
      await quiet()
    },
    /** Publishes that a run failed; `kept`: policies that remain in force. */
    async fail(run: number, ...kept: string[]): Promise<void> {
      const left = kept.map((id) => ({ id, version: '2.0.0', refused: null, code: 'X', detail: 'x' }))
      await handle((tx) => reversal.ended(tx, { run, kept: left }, cause()))
      await quiet()
    },
    /** Publishes that all readers hold a run's releases until their effective time. */
    async hold(run: number, version: string, before: string | null): Promise<void> {
      const dossier = await dossierOf(run, version, before, null)
      await handle((tx) => notify.announce(tx, dossier, cause()))
      await quiet()
    },
    async end(run: number): Promise<void> {
      await handle((tx) => notify.shell.ended(tx, { run, attempt: 1, reason: 'aborted' }))
      await quiet()
    },
    /** Publishes a rollback. `to`: `null` if nothing was in force before. */
    async reverse(from: string, to: string | null, seq: number, policy = POLICY, publicReason?: string): Promise<void> {
      const before = to === null ? null : await releaseOf(to, policy)
      const reason = 'an internal word 8812'
      const change = publicReason === undefined ? {} : { change: { publicReason, reason } as ReversedPolicy['change'] & object }
      const reversed: ReversedPolicy = { policy, from: await refOf(from, policy), to: before, seq, reason, run: null, ...change }
      await handle((tx) => reversal.reversed(tx, reversed, cause()))
      await quiet()
    },
    async withdraw(version: string, seq: number): Promise<void> {
      const withdrawn = { policy: POLICY, from: await refOf(version, POLICY), seq, reason: '', by: [], statements: [] }
      await handle((tx) => reversal.withdrawn(tx, withdrawn, cause()))
      await quiet()
    },
    async advance(seconds: number): Promise<void> {
      // Advances in steps, so timers set meanwhile fire too.
      for (let step = 0; step < seconds * 4; step++) {
        clock.advanceTo(clock.now().getTime() + 250)
        await quiet()
      }
    },
    /** Advances from timer to timer, until `seconds` have passed. */
    async leap(seconds: number): Promise<void> {
      const end = clock.now().getTime() + seconds * 1000
      for (let at = 0; at < end;) {
        const deliveries = await database.transaction((tx) => tx.documents(DELIVERIES).find({ where: { state: 'pending' } }))
        const waits = deliveries.flatMap(({ nextAttemptAt }) => (nextAttemptAt === null ? [] : [Date.parse(nextAttemptAt)]))
        at = Math.min(end, ...waits.filter((each) => each > clock.now().getTime()))
        clock.advanceTo(at)
        await quiet()
      }
    },
    now: (): Date => clock.now(),
    deliveries: (): Promise<Delivery[]> => database.transaction((tx) => tx.documents(DELIVERIES).find()),
    completions: () => said('hms.notification.completed.v1'),
    said,
    stop: () => runtime.stop(),
  }
}

function dataOf(event: OutgoingEvent): unknown {
  const { payload } = JSON.parse(event.value!) as { payload: string }
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: { data: unknown } }).predicate.data
}

async function dossierOf(run: number, version: string, before: string | null, partners: string[] | null): Promise<RunDossier> {
  const [release, live] = [await releaseOf(version), before === null ? null : await releaseOf(before)]
  return packDossier({ run, attempt: 1, releases: [release], live: { [POLICY]: live }, used: {}, plan: planFor(partners) })
}

async function refOf(version: string, policy: string): Promise<VersionRef> {
  return { version, digest: (await releaseOf(version, policy)).releaseDigest }
}

function planFor(partners: string[] | null) {
  return { share: 500, scope: 'global', scopeName: 'everyone', observeMs: 0, bakeMs: 0, partners }
}

async function releaseOf(version: string, id = POLICY): Promise<ReleaseDocument> {
  const policy = { id, version, effective: '2026-01-01T00:00:00Z', limit: 25 }
  const plan = planFor(null)
  const history = { releaseEpoch: 1, previous: null, fallbacks: [], author: null }
  const times = { preparedAt: '2026-01-01T00:00:00Z', expires: '2026-01-08T00:00:00Z' }
  const predicate = { policy, scopes: ['global'], plan, ...history, ...times }
  const { payload, digest, policyDigest } = buildRelease(predicate)
  return { id, version, policyDigest, releaseDigest: digest, releaseEpoch: 1, envelope: await signEnvelope(payload, []) }
}
