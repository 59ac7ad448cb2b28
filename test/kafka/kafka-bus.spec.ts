import type { Kafka } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TOPICS } from '#libs/contracts'
import { createKafka, KafkaBus, tailKafka } from '#libs/messaging'
import { silentLogger, systemClock } from '#libs/platform'
import { BusHarness } from '../contracts/bus-harness.js'
import { eventBusSuite } from '../contracts/event-bus.suite.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { brokerDownSuite } from './broker-down.suite.js'
import { compactionSuite } from './compaction.suite.js'
import { describeKafka } from './kafka.config.js'
import { lagSuite } from './lag.suite.js'
import { lostSuite } from './lost.suite.js'
import { topicAdminSuite } from './topics.suite.js'

/** One broker for the whole file, from empty to killed: the order of the blocks counts. */
describeKafka('Kafka', () => {
  let broker: TestBroker
  let kafka: Kafka
  beforeAll(async () => {
    broker = await startKafka()
    kafka = createKafka({ brokers: broker.brokers, clientId: 'test' }, silentLogger)
  })
  afterAll(() => broker?.stop())

  describe('topics', () => topicAdminSuite(() => kafka))

  describe('KafkaBus', () => {
    let harness: BusHarness
    beforeAll(async () => {
      harness = await BusHarness.create(
        () => new KafkaBus(kafka, systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) }),
      )
    })
    afterAll(() => harness.close())

    eventBusSuite(() => harness)

    it.each([
      ['a time', new Date(0)],
      ['now on', undefined],
    ])('is followed by a person from %s, without a place that stays', async (_from, since) => {
      const key = harness.name()
      await harness.emit(key)
      const stop = new AbortController()
      const seen: (string | undefined)[] = []
      let isReady = (): void => {}
      const ready = new Promise<void>((resolve) => (isReady = resolve))
      const ended = tailKafka(kafka, {
        topics: ['hms.lint.v1', 'hms.roster.v1'],
        since,
        onReady: () => isReady(),
        onRecord: (record) => {
          if (record.key === key) seen.push(record.headers['ce_keyseq'])
        },
        signal: stop.signal,
      })
      await Promise.race([ready, ended])
      await harness.emit(key)
      await expect.poll(() => seen.at(-1), { timeout: 60_000 }).toBe('2')
      if (since !== undefined) expect(seen).toEqual(['1', '2'])
      stop.abort()
      await ended
      const admin = kafka.admin()
      await admin.connect()
      const { groups } = await admin.listGroups()
      await admin.disconnect()
      expect(groups.filter(({ groupId }) => groupId.startsWith('hms-svc-tail-'))).toEqual([])
    })

    it('reports every topic of the catalogue with its groups', async () => {
      const lag = await harness.openBus().lag()
      expect(lag.map(({ topic }) => topic)).toEqual(TOPICS.map(({ name }) => name))
      const lint = lag.find(({ topic }) => topic === 'hms.lint.v1')
      expect(lint?.messages).toBeGreaterThan(60)
      // The suite's groups are not the catalogue's: the linter's readers have read nothing.
      expect(lint?.groups).toContainEqual({ group: 'simulator', messages: lint?.messages, seconds: 0 })
    })
  })

  describe('compaction', () => compactionSuite(() => kafka))

  describe('KafkaBus with a lag of 100,000', () => lagSuite(() => kafka))

  describe('KafkaBus on a broker that lost something', () =>
    lostSuite(
      () => broker,
      () => kafka,
    ))

  describe('KafkaBus without a broker', () =>
    brokerDownSuite(
      () => broker,
      () => kafka,
    ))
})
