import type { Admin, Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TOPICS } from '#libs/contracts'
import { applyTopics, diffTopics, wantedTopics, type TopicDifference } from '#libs/messaging'

/** kafkajs' `ConfigResourceTypes.TOPIC`. */
const TOPIC_RESOURCE = 2

/** The catalogue on a broker that knows nothing yet. It leaves every topic in place. */
export function topicAdminSuite(kafkaOf: () => Kafka): void {
  let admin: Admin
  beforeAll(async () => {
    admin = kafkaOf().admin()
    await admin.connect()
  })
  afterAll(() => admin.disconnect())

  /** A KRaft broker learns of a change a moment after the controller has confirmed it. */
  const untilDifferencesAre = (wanted: TopicDifference[]): Promise<void> =>
    expect.poll(() => diffTopics(kafkaOf()), { timeout: 45_000 }).toEqual(wanted)

  it('makes every topic of the catalogue, and finds nothing to do the second time', async () => {
    const made = await applyTopics(kafkaOf(), 1)
    expect(made).toHaveLength(wantedTopics().length)
    expect(new Set(made.map(({ what }) => what))).toEqual(new Set(['missing']))
    expect(await applyTopics(kafkaOf(), 1)).toEqual([])
    expect(await diffTopics(kafkaOf())).toEqual([])
    const { topics } = await admin.fetchTopicMetadata({ topics: TOPICS.map(({ name }) => name) })
    expect(topics.map(({ name, partitions }) => [name, partitions.length]).toSorted()).toEqual(
      TOPICS.map(({ name, partitions }) => [name, partitions]).toSorted(),
    )
  })

  it('shows a setting that was changed by hand, and repairs it', async () => {
    const name = 'hms.lint.v1'
    const configEntries = settingsOf(name, { 'retention.ms': '1000' })
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name, configEntries }] })
    const differences = [{ topic: name, what: 'retention.ms', wanted: String(7 * 24 * 60 * 60 * 1000), found: '1000' }]
    await untilDifferencesAre(differences)
    expect(await applyTopics(kafkaOf(), 1)).toEqual(differences)
    expect(await diffTopics(kafkaOf())).toEqual([])
  })

  it('reports topics with a wrong replication, leaves them, and creates none that the brokers cannot hold', async () => {
    const [first] = wantedTopics(3)
    const mine = (await diffTopics(kafkaOf(), 3)).filter(({ topic }) => topic === first!.name)
    expect(mine).toEqual([
      { topic: first!.name, what: 'replication', wanted: '3', found: '1' },
      { topic: first!.name, what: 'min.insync.replicas', wanted: '2', found: '1' },
    ])
    await expect(applyTopics(kafkaOf(), 3)).rejects.toMatchObject({
      code: 'HMS_TOPICS_REPLICATION',
      message: expect.stringContaining(`${first!.name} has 1 replicas instead of 3`),
    })
    const missing = [{ ...first!, name: 'hms.no-such.v1' }]
    await expect(applyTopics(kafkaOf(), 3, missing)).rejects.toMatchObject({
      code: 'HMS_TOPICS_BROKERS',
      message: expect.stringContaining('the cluster has 1 broker.'),
    })
    expect(await admin.listTopics()).not.toContain('hms.no-such.v1')
    expect(await diffTopics(kafkaOf())).toEqual([])
  })

  it('refuses a wrong number of partitions and touches nothing', async () => {
    const name = 'hms.dlq.audit.v1'
    await admin.deleteTopics({ topics: [name, 'hms.dlq.linter.v1'] })
    const wrong = { topic: name, numPartitions: 3, replicationFactor: 1, configEntries: settingsOf(name) }
    await admin.createTopics({ waitForLeaders: false, topics: [wrong] })
    await untilDifferencesAre([
      { topic: 'hms.dlq.linter.v1', what: 'missing', wanted: '12 partitions', found: 'nothing' },
      { topic: name, what: 'partitions', wanted: '12', found: '3' },
    ])
    await expect(applyTopics(kafkaOf(), 1)).rejects.toMatchObject({
      code: 'HMS_TOPICS_PARTITIONS',
      message: expect.stringContaining('hms.dlq.audit.v1 has 3 partitions instead of 12'),
    })
    expect(await admin.listTopics()).not.toContain('hms.dlq.linter.v1')
    await admin.deleteTopics({ topics: [name] })
    const missing = { what: 'missing', wanted: '12 partitions', found: 'nothing' }
    await untilDifferencesAre(['hms.dlq.linter.v1', name].map((topic) => ({ topic, ...missing })))
    await applyTopics(kafkaOf(), 1)
    expect(await diffTopics(kafkaOf())).toEqual([])
  })
}

/** All of them: what AlterConfigs does not name falls back to the broker's default. */
function settingsOf(name: string, changed: Record<string, string> = {}): { name: string; value: string }[] {
  const wanted = wantedTopics().find((topic) => topic.name === name)!.config
  return Object.entries({ ...wanted, ...changed }).map(([setting, value]) => ({ name: setting, value }))
}
