import { createRequire } from 'node:module'
import type { Kafka } from 'kafkajs'
import type * as KafkaJs from 'kafkajs'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { FRESHNESS_KEY, packHeads, peekPredicate, SERVICES, type HeadReceipt, type ServiceName, type SignedHead } from '#libs/contracts'
import { applyAcls, applyTopics, createKafka, KafkaBus, Outbox } from '#libs/messaging'
import { MemoryOutboxStore } from '#libs/messaging/testing'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, systemClock } from '#libs/platform'
import {
  buildRelease,
  FRESHNESS_LIFE_MS,
  generateKeyPair,
  localSigner,
  signEnvelope,
  signFreshness,
  signHead,
  signRoster,
  stableDigest,
  type RosterPredicate,
  type Signer,
  type StableHead,
} from '#libs/signing'
import { Host } from '#libs/service'
import { followPolicies, type FollowOptions, type HmsFollower } from '../../libs/client/src/kafka/index.js'
import { ADMIN } from '../support/broker/server-properties.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { openMemoryService } from '../support/memory-system.js'
import { scratchFolder } from '../support/processes.js'
import { describeKafka } from './kafka.config.js'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = createRequire(import.meta.url)(
  'kafkajs',
) as typeof KafkaJs

const STATE = 'hms.config.state.v1'
const POLICY = 'epa-pm25-limit'
const BOT = 'inspector'
const STRANGER = 'stranger'
const USERS = Object.fromEntries([...SERVICES.map((service) => `hms-${service}`), BOT, STRANGER].map((user) => [user, `${user}-secret`]))
const SLOW = { timeout: 30_000 }

/**
 * A config-store on a broker that grants each user only what it needs, and bots that know the broker alone. The order of the tests counts.
 */
describeKafka('hms-svc/kafka', () => {
  const scratch = scratchFolder()
  let broker: TestBroker
  let operator: Kafka
  let identity: TestIdentity
  let host: Host
  let url: string
  let rollout: Signer
  let bot: HmsFollower
  const errors: string[] = []
  const heads = new Map<string, StableHead>()

  beforeAll(async () => {
    broker = await startKafka({ users: USERS })
    operator = login(ADMIN.username, ADMIN.password)
    await applyTopics(operator, 1)
    await applyAcls(operator)
    await givenToBots([STATE, 'hms.roster.v1'])
    identity = await testIdentity()
    rollout = identity.serviceSigner('rollout')
    host = await Host.create(['config-store'], {
      profile: 'dev',
      environment: {},
      clock: systemClock,
      log: silentLogger,
      metrics: new Metrics(),
      roster: identity.roster,
      bus: busOf('config-store'),
      signerOf: async (service) => identity.serviceSigner(service),
      open: async () => openMemoryService(systemClock),
      configStoreUrls: [],
      version: '0.0.0-test',
    })
    url = `http://127.0.0.1:${await host.start({ host: '127.0.0.1', port: 0 })}`
  }, 180_000)
  afterAll(async () => {
    await bot?.close()
    await host?.stop()
    await broker?.stop()
    scratch.remove()
  })

  it('is ready at the end of the log with the right to read two topics alone, and no group', async () => {
    await post(await headOf(POLICY, 1, 35))
    await vouch()
    // What is answered is stored; the outbox brings it to the topic a moment later.
    await recordsOf(STATE, 1)
    bot = await open()
    expect(bot.explain(POLICY)).toMatchObject({
      value: { limit: 35 },
      version: '1.0.0',
      revision: 1,
      source: 'live',
      state: 'READY',
      trust: 'pinned',
    })
    await withAdmin(async (admin) =>
      expect((await admin.listGroups()).groups.filter(({ groupId }) => !/^(config-store|root)/.test(groupId))).toEqual([]),
    )
  }, 60_000)

  it('takes a change, and a bundle whole', async () => {
    const change = new Promise((resolve) => bot.on('change', resolve))
    await post(await headOf(POLICY, 2, 25))
    expect(await change).toEqual({ id: POLICY, from: '1.0.0', to: '2.0.0', revision: 2 })
    const seen: string[][] = []
    bot.on('change', () => seen.push(bot.ids()))
    await post(await headOf('a-limit', 1, 1), await headOf('b-limit', 1, 1))
    await expect.poll(() => seen.length, SLOW).toBe(2)
    expect(seen).toEqual([
      ['a-limit', 'b-limit', POLICY],
      ['a-limit', 'b-limit', POLICY],
    ])
    await vouch()
    expect(bot.state).toBe('READY')
  }, 60_000)

  it('keeps its value whatever root writes into the topic, and reports it', async () => {
    const log = await recordsOf(STATE, 2)
    expect(log.map(({ key }) => key)).toContain(FRESHNESS_KEY)
    const place = `${POLICY}@global`
    const newest = log.findLast(({ key }) => key === place)!.value!
    const [first] = log.filter(({ key }) => key === place)
    await write(
      { key: place, value: forged(newest, '"limit":25', '"limit":99') },
      { key: 'a-limit@global', value: newest },
      { key: place, value: '{' },
      { key: place, value: first!.value },
      { key: place, value: null },
    )
    await expect
      .poll(() => errors.toSorted(), SLOW)
      .toEqual(['HMS_EVENT_MISPLACED', 'HMS_EVENT_UNREADABLE', 'HMS_HEAD_RELEASE_INVALID', 'HMS_HEAD_REPLAYED'].toSorted())
    expect(bot.get(POLICY)['limit']).toBe(25)
    await post(await headOf(POLICY, 3, 20))
    await expect.poll(() => bot.get(POLICY)['limit'], SLOW).toBe(20)
    await vouch()
    await expect.poll(() => bot.state, SLOW).toBe('READY')
  }, 60_000)

  it('goes by the newest roster, which it finds on its topic', async () => {
    const key = generateKeyPair()
    const predicate = peekPredicate<RosterPredicate>(identity.roster.envelope)
    const services = structuredClone(predicate)
    const member = Object.values(services.principals).find(({ name }) => name === 'rollout')!
    member.keys = [...member.keys, { ...member.keys[0]!, keyid: key.keyid, spki: key.spki }]
    const envelope = await signRoster({ ...services, version: 2 }, [...identity.people.values()])
    const approver = busOf('approver')
    onTestFinished(() => approver.close())
    const outbox = new Outbox(new MemoryOutboxStore(), 'approver', identity.serviceSigner('approver'), () => {})
    const event = await new MemoryDatabase(systemClock).transaction((tx) =>
      outbox.emit(tx, 'hms.roster.rotated.v1', { version: 2, envelope }, { key: '2' }),
    )
    expect((await approver.publish([event])).size).toBe(1)
    await expect.poll(() => host.runtimes.get('config-store')!.roster.version, SLOW).toBe(2)
    rollout = localSigner(key.privateKey)
    await post(await headOf(POLICY, 4, 18))
    await vouch(2)
    await expect.poll(() => bot.get(POLICY)['limit'], SLOW).toBe(18)
    await expect.poll(() => bot.state, SLOW).toBe('READY')
  }, 60_000)

  it('starts from disk without a broker, is READY with it, and is not rolled back by an emptied log', async () => {
    await bot.close()
    await broker.kill()
    bot = await open()
    expect(bot.explain(POLICY)).toMatchObject({ value: { limit: 18 }, source: 'disk', state: 'STALE' })
    await broker.wipe()
    await applyTopics(operator, 1)
    await applyAcls(operator)
    await givenToBots([STATE, 'hms.roster.v1'])
    // The outbox has it all, and sends it again.
    await expect.poll(() => bot.state, { timeout: 90_000 }).toBe('READY')
    await expect.poll(() => bot.explain(POLICY), { timeout: 90_000 }).toMatchObject({ value: { limit: 18 }, source: 'live' })
    await post(await headOf(POLICY, 5, 16))
    await expect.poll(() => bot.get(POLICY)['limit'], { timeout: 90_000 }).toBe(16)
  }, 300_000)

  it('is refused by name: without the right to read, with a wrong password, without a roster', async () => {
    await expect(open({ sasl: saslOf(STRANGER), cacheDir: undefined })).rejects.toMatchObject({ code: 'HMS_BROKER_DENIED' })
    await expect(open({ sasl: { ...saslOf(BOT), password: 'wrong' }, cacheDir: undefined })).rejects.toMatchObject({
      code: 'HMS_BROKER_LOGIN',
    })
    await expect(open({ roster: undefined, cacheDir: undefined })).rejects.toMatchObject({ code: 'HMS_ROSTER_REQUIRED' })
  }, 60_000)

  function saslOf(username: string, password = `${username}-secret`) {
    return { mechanism: 'scram-sha-512' as const, username, password }
  }

  function login(username: string, password?: string): Kafka {
    return createKafka({ brokers: broker.brokers, clientId: 'test', sasl: saslOf(username, password) }, silentLogger)
  }

  function busOf(service: ServiceName): KafkaBus {
    return new KafkaBus(login(`hms-${service}`), systemClock, silentLogger, { onFatal: (error) => errors.push(error.message) })
  }

  async function open(options: Partial<FollowOptions> = {}): Promise<HmsFollower> {
    const roster = Buffer.from(JSON.stringify(identity.roster.envelope))
    const follower = await followPolicies({
      brokers: broker.brokers,
      sasl: saslOf(BOT),
      bot: 'inspector-7',
      region: 'NCR',
      roster,
      cacheDir: scratch.path,
      timeoutMs: 30_000,
      ...options,
    })
    follower.on('error', (error) => errors.push((error as { code?: string }).code ?? error.message))
    return follower
  }

  async function headOf(id: string, seq: number, limit: number): Promise<SignedHead> {
    const at = new Date().toISOString()
    const { payload, digest } = buildRelease({
      policy: { id, version: `${seq}.0.0`, effective: '2024-09-01T00:00:00Z', limit, tags: ['air'] },
      releaseEpoch: seq,
      previous: null,
      fallbacks: [],
      scopes: ['global'],
      author: 'Air Office',
      plan: { share: 500, scope: 'region:NCR', scopeName: 'National Capital Region', observeMs: 1_000, bakeMs: 1_000, partners: null },
      preparedAt: at,
      expires: '2036-01-01T00:00:00Z',
    })
    heads.set(id, { policy: id, seq, current: digest })
    const head = await signHead({ policy: id, scope: 'global', seq, current: digest, issuedAt: at }, rollout)
    return { head, release: await signEnvelope(payload, [identity.people.get('EPA Chief')!]) }
  }

  async function post(...signed: SignedHead[]): Promise<void> {
    expect((await send<HeadReceipt>('/v1/heads', packHeads(signed))).applied).toBe(true)
  }

  async function vouch(roster = 1): Promise<void> {
    const [issuedAt, expires] = [0, FRESHNESS_LIFE_MS].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string]
    const freshness = await signFreshness({ stable: stableDigest(heads.values()), roster, issuedAt, expires }, rollout)
    expect(await send('/v1/freshness', { freshness })).toEqual({ accepted: true })
  }

  async function send<T>(path: string, body: object): Promise<T> {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return (await response.json()) as T
  }

  async function givenToBots(topics: readonly string[]): Promise<void> {
    const acl = topics.map((resourceName) => ({
      resourceType: AclResourceTypes.TOPIC,
      resourceName,
      resourcePatternType: ResourcePatternTypes.LITERAL,
      principal: `User:${BOT}`,
      host: '*',
      operation: AclOperationTypes.READ,
      permissionType: AclPermissionTypes.ALLOW,
    }))
    await withAdmin((admin) => admin.createAcls({ acl }))
  }

  async function withAdmin(work: (admin: ReturnType<Kafka['admin']>) => Promise<unknown>): Promise<void> {
    const admin = operator.admin()
    await admin.connect()
    await work(admin).finally(() => admin.disconnect())
  }

  /** Reads the whole topic as root does, once it contains that number of freshness statements. */
  async function recordsOf(topic: string, statements: number): Promise<{ key: string; value: string | null }[]> {
    const records: { key: string; value: string | null }[] = []
    const consumer = operator.consumer({ groupId: `root-${statements}` })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => void records.push({ key: String(message.key), value: message.value?.toString() ?? null }),
    })
    await expect.poll(() => records.filter(({ key }) => key === FRESHNESS_KEY).length, SLOW).toBeGreaterThanOrEqual(statements)
    await consumer.disconnect()
    return records
  }

  async function write(...messages: { key: string; value: string | null }[]): Promise<void> {
    const producer = operator.producer()
    await producer.connect()
    await producer.send({ topic: STATE, messages: messages.map((message) => ({ ...message, partition: 0 })) })
    await producer.disconnect()
  }
})

/** The record with its release changed, as deep as it lies in there. */
function forged(record: string, found: string, instead: string): string {
  type Event = { predicate: { data: { document: { release: { payload: string } } } } }
  const envelope = JSON.parse(record) as { payload: string }
  const event = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Event
  const { release } = event.predicate.data.document
  release.payload = Buffer.from(Buffer.from(release.payload, 'base64').toString().replace(found, instead)).toString('base64')
  return JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify(event)).toString('base64') })
}
