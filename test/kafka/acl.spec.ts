import { createRequire } from 'node:module'
import type { Admin, Kafka, Producer } from 'kafkajs'
import type * as KafkaJs from 'kafkajs'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { deadLetterTopic, SERVICES, TOPIC_NAMES, TOPICS, type OutgoingEvent, type ServiceName } from '#libs/contracts'
import { applyAcls, applyTopics, createKafka, diffAcls, diffTopics, KafkaBus, maintainTopics, type TopicDifference } from '#libs/messaging'
import { isCausedBy, silentLogger, systemClock, uuidv7, type Logger } from '#libs/platform'
import { ADMIN } from '../support/broker/server-properties.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { describeKafka } from './kafka.config.js'

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = createRequire(import.meta.url)(
  'kafkajs',
) as typeof KafkaJs

const passwordOf = (user: string): string => `${user}-secret`
const STRANGER = 'stranger'
const USERS = Object.fromEntries([...SERVICES.map((service) => `hms-${service}`), STRANGER].map((user) => [user, passwordOf(user)]))
const DENIED = 'TOPIC_AUTHORIZATION_FAILED'

/** A broker that denies everything without an ACL: one for the whole file, the order of the tests counts. */
describeKafka('Kafka with ACLs', () => {
  let broker: TestBroker
  let operator: Kafka
  beforeAll(async () => {
    broker = await startKafka({ users: USERS })
    operator = login(ADMIN.username, ADMIN.password)
  })
  afterAll(() => broker?.stop())

  const login = (username: string, password = passwordOf(username), log: Logger = silentLogger): Kafka =>
    createKafka({ brokers: broker.brokers, clientId: 'test', sasl: { mechanism: 'scram-sha-512', username, password } }, log)
  const as = (service: ServiceName): Kafka => login(`hms-${service}`)

  it('shows every ACL as missing, makes them, and finds nothing to do the second time', async () => {
    await applyTopics(operator, 1)
    const missing = await diffAcls(operator)
    expect(missing.every(({ what, found }) => what === 'acl' && found === 'nothing')).toBe(true)
    expect(missing).toContainEqual({ topic: 'hms.lint.v1', what: 'acl', wanted: 'User:hms-linter WRITE', found: 'nothing' })
    expect(missing).toContainEqual({ topic: 'group linter', what: 'acl', wanted: 'User:hms-linter READ', found: 'nothing' })
    expect(await refusal(sendAs('linter', 'hms.lint.v1'))).toBe(DENIED)
    expect(await applyAcls(operator)).toEqual(missing)
    expect([await applyAcls(operator), await diffAcls(operator), await diffTopics(operator)]).toEqual([[], [], []])
  })

  it('every service may write on its topics and its dead letters, and on no others', async () => {
    const answers: Record<string, string[]> = {}
    const expected: Record<string, string[]> = {}
    for (const service of SERVICES) {
      const names = TOPIC_NAMES
      const mine = new Set([
        ...TOPICS.filter(({ producers }) => producers.includes(service)).map(({ name }) => name),
        deadLetterTopic(service),
      ])
      const results = await sendToAll(as(service), names)
      answers[service] = names.filter((_, at) => results[at] === 'sent')
      expected[service] = names.filter((name) => mine.has(name))
      expect(new Set(results)).toEqual(new Set(['sent', DENIED]))
    }
    expect(answers).toEqual(expected)
    expect(answers['linter']).toEqual(['hms.lint.v1', 'hms.letter.v1', 'hms.dlq.linter.v1'])
    expect(answers['audit']).toEqual(['hms.letter.v1', 'hms.audit.v1', 'hms.dlq.audit.v1'])
  }, 120_000)

  it('linter may not approve: a forged approval does not even reach the log', async () => {
    expect(await refusal(sendAs('linter', 'hms.approval.v1'))).toBe(DENIED)
    expect(await refusal(sendAs('approver', 'hms.approval.v1'))).toBe('accepted')
  })

  it('services may neither make, change nor delete topics, nor touch ACLs', async () => {
    await withAdmin(as('approver'), async (admin) => {
      expect(await refusal(admin.createTopics({ topics: [{ topic: 'hms.other.v1' }] }))).toBe(DENIED)
      expect(await refusal(admin.deleteTopics({ topics: ['hms.approval.v1'] }))).toBe(DENIED)
      const entry = { type: 2, name: 'hms.approval.v1', configEntries: [{ name: 'retention.ms', value: '1' }] }
      expect(await refusal(admin.alterConfigs({ validateOnly: false, resources: [entry] }))).toBe(DENIED)
      expect(await refusal(admin.createAcls({ acl: [aclOf('hms-approver', 'hms.lint.v1', AclOperationTypes.WRITE)] }))).toBe(
        'CLUSTER_AUTHORIZATION_FAILED',
      )
    })
    await expect(applyAcls(as('approver'))).rejects.toMatchObject({ code: 'HMS_BROKER_DENIED', status: 403 })
  })

  it('a bus works within them: one service sends, another reads in its group and knows its lag, and no topic check warns', async () => {
    const warnings: unknown[] = []
    const log: Logger = { ...silentLogger, warn: (...said: unknown[]) => void warnings.push(said), child: () => log }
    for (const service of SERVICES) await maintainTopics(as(service), [service], systemClock, log, (error) => expect.fail(error.message))
    expect(warnings).toEqual([])
    const open = (service: ServiceName): KafkaBus => {
      const bus = new KafkaBus(as(service), systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
      onTestFinished(() => bus.close())
      return bus
    }
    const [approver, linter] = [open('approver'), open('linter')]
    const event = eventOf('approver', 'hms.approval.v1')
    expect((await approver.publish([event])).size).toBe(1)
    const seen: (string | undefined)[] = []
    await linter.subscribe({
      group: 'linter',
      topics: [{ name: 'hms.approval.v1', producers: ['approver'] }],
      handle: async ({ headers }) => void seen.push(headers['ce_id']),
    })
    await expect.poll(() => seen, { timeout: 30_000 }).toContain(event.id)
    await expect
      .poll(async () => (await linter.lag(['linter'])).find(({ topic }) => topic === 'hms.approval.v1')?.groups, { timeout: 15_000 })
      .toEqual([{ group: 'linter', messages: 0, seconds: 0 }])
    const state = { name: 'hms.config.state.v1', producer: 'config-store' }
    expect((await open('config-store').read(state, 'beginning')).end).toBe(true)
    await expect(linter.read(state, 'beginning')).rejects.toThrow('Topic authorization failed')
    expect((await open('audit').lag()).map(({ topic }) => topic)).toEqual(TOPICS.map(({ name }) => name))
  }, 90_000)

  it('a stranger reads nothing, and a service reads no topic and joins no group of others', async () => {
    const [topic, group] = [
      'Not authorized to access topics: [Topic authorization failed]',
      'Not authorized to access group: Group authorization failed',
    ]
    expect(await readRefusals(STRANGER, 'strangers', 'hms.config.state.v1')).toContain(topic)
    expect(await readRefusals('hms-linter', 'linter', 'hms.canary.v1')).toContain(topic)
    expect(await readRefusals('hms-simulator', 'linter', 'hms.lint.v1')).toContain(group)
    await withAdmin(login(STRANGER), async (admin) => {
      expect(await admin.listTopics()).toEqual([])
      expect(await refusal(admin.fetchTopicOffsets('hms.config.state.v1'))).toBe(DENIED)
    })
  }, 90_000)

  it.each([
    ['a wrong password', 'hms-linter', 'wrong'],
    ['a user that there is not', 'nobody', 'nobody-secret'],
  ])('%s is refused at login', async (_what, username, password) => {
    await expect(diffTopics(login(username, password))).rejects.toMatchObject({ code: 'HMS_BROKER_LOGIN', status: 401 })
  })

  it('a client that does not log in gets no response', async () => {
    const nobody = createKafka({ brokers: broker.brokers, clientId: 'test' }, silentLogger)
    await expect(diffTopics(nobody)).rejects.toMatchObject({ code: 'HMS_BROKER_UNREACHABLE' })
  }, 60_000)

  it('what was given or taken by hand is named; apply sets the services right, and leaves others to a person', async () => {
    const foreign = aclOf(STRANGER, 'hms.', AclOperationTypes.ALL, ResourcePatternTypes.PREFIXED)
    const harmless = aclOf(STRANGER, 'hms.config.state.v1', AclOperationTypes.READ)
    await withAdmin(operator, async (admin) => {
      await admin.createAcls({ acl: [aclOf('hms-linter', 'hms.approval.v1', AclOperationTypes.WRITE), foreign, harmless] })
      await admin.deleteAcls({ filters: [aclOf('hms-linter', 'hms.lint.v1', AclOperationTypes.WRITE)] })
    })
    const named: TopicDifference[] = [
      { topic: 'hms.lint.v1', what: 'acl', wanted: 'User:hms-linter WRITE', found: 'nothing' },
      { topic: 'hms.approval.v1', what: 'acl', wanted: 'nothing', found: 'User:hms-linter WRITE' },
      { topic: 'hms.*', what: 'acl', wanted: 'nothing, by another user', found: 'User:stranger ALL' },
    ]
    await expect.poll(() => diffAcls(operator), { timeout: 15_000 }).toEqual(named)
    expect(await applyAcls(operator)).toEqual(named)
    expect(await diffAcls(operator)).toEqual(named.slice(2))
    expect(await refusal(sendAs('linter', 'hms.approval.v1'))).toBe(DENIED)
    await expect.poll(() => refusal(sendAs('linter', 'hms.lint.v1')), { timeout: 15_000 }).toBe('accepted')
  }, 60_000)

  /** All errors of the broker to a consumer: for another service's group, kafkajs reports the cause in its log alone. */
  async function readRefusals(user: string, groupId: string, topic: string): Promise<string[]> {
    const said: string[] = []
    const log: Logger = { ...silentLogger, debug: ({ error }: { error?: unknown }) => void said.push(String(error)), child: () => log }
    const consumer = login(user, passwordOf(user), log).consumer({ groupId, retry: { retries: 1, maxRetryTime: 200 } })
    const crashed = new Promise<void>((resolve) =>
      consumer.on('consumer.crash', ({ payload }) => (said.push(textOf(payload.error)), resolve())),
    )
    try {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({ eachMessage: async ({ message }) => expect.fail(`read ${String(message.value)}`) })
      await crashed
    } catch (error) {
      said.push(textOf(error))
    } finally {
      await consumer.disconnect()
    }
    return said
  }

  async function sendAs(service: ServiceName, topic: string): Promise<void> {
    const producer = as(service).producer({ retry: { retries: 2, maxRetryTime: 200 } })
    try {
      await producer.connect()
      await send(producer, topic)
    } finally {
      await producer.disconnect()
    }
  }
})

function send(producer: Producer, topic: string): Promise<unknown> {
  return producer.send({ topic, acks: -1, messages: [{ key: 'k', value: '{}', partition: 0 }] })
}

async function sendToAll(kafka: Kafka, topics: readonly string[]): Promise<string[]> {
  const producer = kafka.producer({ retry: { retries: 2, maxRetryTime: 200 } })
  await producer.connect()
  const results: string[] = []
  for (const topic of topics) results.push((await refusal(send(producer, topic))).replace('accepted', 'sent'))
  await producer.disconnect()
  return results
}

async function withAdmin(kafka: Kafka, work: (admin: Admin) => Promise<void>): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 2, maxRetryTime: 200 } })
  await admin.connect()
  try {
    await work(admin)
  } finally {
    await admin.disconnect()
  }
}

function textOf(error: unknown): string {
  const texts: string[] = []
  isCausedBy(error, (fault) => {
    texts.push((fault as Error).message)
    return false
  })
  return texts.join(' · ')
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'accepted'
  } catch (error) {
    let type = textOf(error)
    isCausedBy(error, (fault) => {
      const named = (fault as { type?: unknown }).type
      if (typeof named === 'string') type = named
      return typeof named === 'string'
    })
    return type
  }
}

function aclOf(
  user: string,
  resourceName: string,
  operation: number,
  resourcePatternType: number = ResourcePatternTypes.LITERAL,
): KafkaJs.AclEntry {
  return {
    resourceType: AclResourceTypes.TOPIC,
    resourceName,
    resourcePatternType,
    principal: `User:${user}`,
    host: '*',
    operation,
    permissionType: AclPermissionTypes.ALLOW,
  }
}

function eventOf(producer: ServiceName, topic: string): OutgoingEvent {
  const head = {
    id: uuidv7(new Date()),
    source: `/hms-svc/${producer}`,
    type: 'hms.approval.approved.v1',
    topic,
    time: new Date().toISOString(),
  }
  return { ...head, key: 'pm25', keySeq: 1, value: '{}' }
}
