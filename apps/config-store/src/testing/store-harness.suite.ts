import {
  packHeads,
  peekPredicate,
  type Envelope,
  type EventData,
  type EventType,
  type HeadReceipt,
  type OutgoingEvent,
  type SignedHead,
} from '#libs/contracts'
import type { Profile } from '#libs/process'
import { Outbox } from '#libs/messaging'
import { MemoryBus, MemoryOutboxStore } from '#libs/messaging/testing'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, systemClock, type Clock, type Environment } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import {
  buildRelease,
  FRESHNESS_LIFE_MS,
  signEnvelope,
  signFreshness,
  signHead,
  stableDigest,
  StableTree,
  type HeadPredicate,
  type RosterPredicate,
  type StableHead,
} from '#libs/signing'
import { Host, migrateService, openPostgresService, type HostAdapters, type ServiceRuntime } from '#libs/service'
import { testIdentity, type TestIdentity } from '../../../../test/support/identity.js'
import { openMemoryService } from '../../../../test/support/memory-system.js'

export const POLICY = 'epa-pm25-limit'
const AT = '2026-01-01T00:00:00Z'

/** Bus that delivers published events and records them in order. */
class RecordingBus extends MemoryBus {
  readonly sent: OutgoingEvent[] = []

  override publish(events: readonly OutgoingEvent[]) {
    this.sent.push(...events)
    return super.publish(events)
  }
}

export interface HeadOptions extends Partial<HeadPredicate> {
  /** Version of the release that the head makes current; `null` for none. */
  version?: string | null
  signedBy?: 'rollout' | 'canary-controller'
  approvedBy?: string[]
  tags?: string[]
  /** Effective time of the release; the start of the fixture's time by default. */
  effective?: string
  /** `releaseEpoch` of the release; 1 by default. */
  epoch?: number
}

/** Fixture of the service behind its HTTP port, with a demo roster whose keys are all available. */
export interface StoreHarness {
  url: string
  identity: TestIdentity
  host: Host
  runtime: ServiceRuntime
  /** Creates a signed head with its release; stable and approved by "EPA Chief" by default. */
  head(options?: HeadOptions): Promise<SignedHead>
  /** Posts heads over HTTP. */
  post(...heads: SignedHead[]): Promise<Response>
  stored(...heads: SignedHead[]): Promise<HeadReceipt>
  /** Posts rollout's freshness statement on these stable heads over HTTP. */
  vouch(heads: StableHead[], issuedAt: Date): Promise<Response>
  /** Sends heads over the bus, as an event of `source`. */
  send(heads: SignedHead[], source: 'rollout' | 'canary-controller'): Promise<void>
  emitted<T extends EventType>(type: T): Promise<EventData[T][]>
  /** Returns the events recorded on one topic, in order. */
  recorded(topic: string): OutgoingEvent[]
  settle(): Promise<void>
  stop(): Promise<void>
}

/** Starts the service on memory adapters and virtual time. */
export async function startStore(
  profile: Profile = 'dev',
  change?: (roster: RosterPredicate) => void,
  environment: Environment = {},
  beforeStart?: (host: Host) => void,
): Promise<StoreHarness & { clock: VirtualClock }> {
  const clock = new VirtualClock(AT)
  const identity = await testIdentity(change)
  return { ...(await startHarness(profile, clock, identity, async () => openMemoryService(clock), environment, beforeStart)), clock }
}

/** Starts one of several instances on one PostgreSQL, in real time. */
export function startInstance(url: string, identity: TestIdentity): Promise<StoreHarness> {
  return startHarness('dev', systemClock, identity, async (definition) => {
    await migrateService(definition, url)
    return openPostgresService(definition, { url, clock: systemClock, log: silentLogger, embedded: false, poolSize: 4 })
  })
}

/** Advances time until the promise resolves. */
export async function inTime<T>({ clock, settle }: Pick<StoreHarness, 'settle'> & { clock: VirtualClock }, asked: Promise<T>): Promise<T> {
  const end = { reached: false }
  const mark = (): void => void (end.reached = true)
  asked.then(mark, mark)
  while (!end.reached) {
    clock.advanceTo(clock.now().getTime() + 500)
    await settle()
  }
  return asked
}

async function startHarness(
  profile: Profile,
  clock: Clock,
  identity: TestIdentity,
  open: HostAdapters['open'],
  environment: Environment = {},
  beforeStart: (host: Host) => void = () => {},
): Promise<StoreHarness> {
  const bus = new RecordingBus()
  const host = await Host.create(['config-store'], {
    profile,
    environment,
    clock,
    log: silentLogger,
    metrics: new Metrics(),
    roster: identity.roster,
    bus,
    signerOf: async (service) => identity.serviceSigner(service),
    open,
    configStoreUrls: [],
    version: '0.0.0-test',
  })
  beforeStart(host)
  const url = `http://127.0.0.1:${await host.start({ host: '127.0.0.1', port: 0 })}`
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = bus.idle && host.idle ? quiet + 1 : 0) await new Promise((resolve) => setImmediate(resolve))
  }
  const producers = new Map<string, Outbox>()
  const outside = new MemoryDatabase(clock)
  const send = (path: string, body: object): Promise<Response> =>
    fetch(`${url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const post = (...heads: SignedHead[]): Promise<Response> => send('/v1/heads', packHeads(heads))
  return {
    url,
    identity,
    host,
    runtime: host.runtimes.get('config-store')!,
    head: (options) => signedHead(identity, options),
    post,
    stored: async (...heads) => {
      const receipt = (await (await post(...heads)).json()) as HeadReceipt
      await settle()
      return receipt
    },
    vouch: async (heads, issuedAt) => {
      const predicate = {
        stable: stableDigest(heads),
        tree: new StableTree(heads).root,
        roster: 1,
        issuedAt: issuedAt.toISOString(),
        expires: new Date(issuedAt.getTime() + FRESHNESS_LIFE_MS).toISOString(),
      }
      return send('/v1/freshness', { freshness: await signFreshness(predicate, identity.serviceSigner('rollout')) })
    },
    send: async (heads, source) => {
      const outbox = producers.get(source) ?? outboxOf(source, identity)
      producers.set(source, outbox)
      const key = peekPredicate<HeadPredicate>(heads[0]!.head).policy
      const options = { key, run: 7, attempt: 2 }
      const event = await outside.transaction((tx) => outbox.emit(tx, 'hms.head.issued.v1', packHeads(heads), options))
      await bus.publish([event])
      bus.announce()
      await settle()
    },
    emitted: async <T extends EventType>(type: T) => {
      await settle()
      return bus.sent.filter((event) => event.type === type && event.source === '/hms-svc/config-store').map((event) => dataOf<T>(event))
    },
    recorded: (topic) => bus.sent.filter((event) => event.topic === topic),
    settle,
    stop: () => host.stop(),
  }
}

function outboxOf(source: 'rollout' | 'canary-controller', identity: TestIdentity): Outbox {
  return new Outbox(new MemoryOutboxStore(), source, identity.serviceSigner(source), () => {})
}

function dataOf<T extends EventType>(event: OutgoingEvent): EventData[T] {
  return peekPredicate<{ data: EventData[T] }>(JSON.parse(event.value!) as Envelope).data
}

async function signedHead(identity: TestIdentity, options: HeadOptions = {}): Promise<SignedHead> {
  const {
    version = '1.0.0',
    signedBy,
    approvedBy = ['EPA Chief'],
    tags,
    effective,
    epoch,
    policy: id = POLICY,
    scope = 'global',
    ...rest
  } = options
  const release = version === null ? null : releaseOf(id, version, { tags, effective, epoch })
  const predicate: HeadPredicate = { policy: id, scope, seq: 1, current: release?.digest ?? null, issuedAt: AT, ...rest }
  const signer = identity.serviceSigner(signedBy ?? (scope === 'global' ? 'rollout' : 'canary-controller'))
  return {
    head: await signHead(predicate, signer),
    release:
      release === null
        ? null
        : await signEnvelope(
            release.payload,
            approvedBy.map((name) => identity.people.get(name)!),
          ),
  }
}

/** Returns the release digest of a policy as `head` makes it. */
export function digestOfRelease(version: string, id = POLICY, effective = AT): string {
  return releaseOf(id, version, { effective }).digest
}

function releaseOf(
  id: string,
  version: string,
  { tags = ['air'], effective = AT, epoch = 1 }: Pick<HeadOptions, 'tags' | 'effective' | 'epoch'>,
) {
  return buildRelease({
    policy: { id, version, effective, limit: 25, tags },
    releaseEpoch: epoch,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: 'Air Office',
    plan: { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 1_000, bakeMs: 1_000, partners: null },
    preparedAt: AT,
    expires: '2027-01-01T00:00:00Z',
  })
}
