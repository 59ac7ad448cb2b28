import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import { TOPICS, type RunState, type RunView } from '#libs/contracts'
import { wantedTopics, type TopicDifference } from '#libs/messaging'
import { describeKafka } from '../kafka/kafka.config.js'
import { watchHealing } from '../kill/healing.js'
import { History } from '../kill/history.js'
import { lookAt } from '../kill/judge.js'
import { Ledger } from '../kill/load/ledger.js'
import { Observer } from '../kill/observer.js'
import { approvalsKept } from '../kill/oracles/approvals-kept.js'
import { auditComplete } from '../kill/oracles/audit-complete.js'
import { effectsOnce } from '../kill/oracles/effects-once.js'
import { nothingLeft } from '../kill/oracles/nothing-left.js'
import { orderAtConsumers, orderInTopics } from '../kill/oracles/order.js'
import { readersFollow } from '../kill/oracles/readers-follow.js'
import { runsEndOnce } from '../kill/oracles/runs-end-once.js'
import { stateTopic } from '../kill/oracles/state-topic.js'
import { readTopics, type TopicRecord } from '../kill/oracles/topic-log.js'
import { BrokerCluster } from '../support/broker/broker-cluster.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { policyFile } from '../support/policy-file.js'
import { hms, until, type Finished } from '../support/processes.js'

const COPIES = 3
const BOTS = 20
const POLICY = 'epa-pm25-limit'
const EARLY: readonly RunState[] = ['QUEUED', 'LINTING', 'SIMULATING']
/** kafkajs' `ConfigResourceTypes.TOPIC`. */
const TOPIC_RESOURCE = 2
const ORACLES = [
  runsEndOnce,
  effectsOnce,
  approvalsKept,
  orderInTopics,
  orderAtConsumers,
  auditComplete,
  stateTopic,
  readersFollow,
  nothingLeft,
]

describeKafka('three brokers with three copies of each record, two of which confirm it', () => {
  const ledger = new Ledger()
  let system: DistributedSystem<BrokerCluster>
  let observer: Observer
  let fleet: { bot: string; region: string; connection: HmsConnection }[] = []
  let approved = 0

  beforeAll(async () => {
    system = await DistributedSystem.startOn(BrokerCluster.start(COPIES), { common: { HMS_KAFKA_REPLICATION: String(COPIES) } })
    observer = new Observer(system.env['HMS_DATABASE_URL']!)
    await live(await approve('0s'))
    fleet = await Promise.all(
      Array.from({ length: BOTS }, async (_, index) => {
        const bot = `bot-${index}`
        return { bot, region: 'NCR', connection: await connect({ url: system.url, bot, region: 'NCR' }) }
      }),
    )
  }, 900_000)

  afterAll(async () => {
    await Promise.all(fleet.map(({ connection }) => connection.close()))
    await observer?.close()
    await system?.stop()
  }, 120_000)

  it('have every topic as in the catalogue', async () => {
    expect(await hms(['topics', 'diff'], system.env)).toMatchObject({ code: 0 })
    const copies = await system.broker.asAdmin(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: wantedTopics().map(({ name }) => name) })
      return topics.flatMap(({ partitions }) => partitions.map(({ replicas }) => replicas.length))
    })
    expect(copies.length).toBeGreaterThan(TOPICS.length)
    expect(new Set(copies)).toEqual(new Set([COPIES]))
  })

  it('let policies go live while each of them dies and comes back, one after the other', async () => {
    const times = [`all three alive ${await timed(async () => live(await approve('0s')))}`]
    for (const node of system.broker.nodes) {
      const run = await approve('3s')
      await until(`run ${run} has its canary`, async () => !EARLY.includes((await read<RunView>(`/v1/runs/${run}`)).state))
      await node.kill()
      times.push(`the run during which broker ${node.id} died ${await timed(() => live(run))}`)
      times.push(`a run without it ${await timed(async () => live(await approve('0s')))}`)
      await node.start(COPIES)
      await system.broker.whole()
    }
    process.stdout.write(`three brokers, approve → ended: ${times.join(', ')}\n`)
  }, 1_200_000)

  it('accept approvals and rollbacks while two of them are dead, and continue them when those are back', async () => {
    const dying = system.broker.nodes.slice(0, 2)
    await Promise.all(dying.map((node) => node.kill()))
    const run = await approve('0s', 'epa-ozone-limit')
    const back = await hms(['rollback', `${POLICY}@${versionOf(approved - 2)}`, '--json'], system.env)
    expect(back, back.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(back.stdout)).toMatchObject({ version: versionOf(approved - 2), acknowledged: BOTS, silent: [] })
    expect(fleet.every(({ connection }) => connection.get(POLICY).version === versionOf(approved - 2))).toBe(true)
    expect((await read<RunView>(`/v1/runs/${run}`)).endedAt).toBeNull()
    await Promise.all(dying.map((node) => node.start(COPIES)))
    await system.broker.whole()
    await live(run)
  }, 900_000)

  it('lost nothing, changed no order, and audit has it all', async () => {
    const healing = await watchHealing(observer, new History(0), 180_000)
    expect(healing.stuck).toEqual([])
    const readLog = (): Promise<readonly TopicRecord[]> => readTopics(system.broker.brokers)
    const partner = { received: new Map<string, number[]>(), forged: 0 }
    const evidence = { observer, ledger, log: await readLog(), readers: fleet, partner }
    const looks = ORACLES.map(async (oracle) => ({ name: oracle.name, ...(await lookAt(oracle, evidence, readLog)) }))
    const findings = await Promise.all(looks)
    expect(findings.flatMap(({ name, violations }) => violations.map((violation) => `${name}: ${violation}`))).toEqual([])
    expect(findings.filter(({ looked }) => looked === 0)).toEqual([])
    const states = await observer.rows<{ state: string }>('SELECT DISTINCT state FROM approver.run')
    expect(states).toEqual([{ state: 'SUCCEEDED' }])
  }, 600_000)

  it('restore the copies and settings of a topic by `topics apply`, which reports what it did and what it cannot', async () => {
    const [lint, audit] = ['hms.lint.v1', 'hms.audit.v1'] as const
    await system.broker.asAdmin(async (admin) => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [lint] })
      const partitionAssignment = topics[0]!.partitions.map(({ partitionId }) => ({ partition: partitionId, replicas: [1] }))
      await admin.alterPartitionReassignments({ topics: [{ topic: lint, partitionAssignment }] })
      const configEntries = Object.entries({ ...wantedTopics(COPIES)[0]!.config, 'retention.ms': '86400000' }).map(([name, value]) => ({
        name,
        value,
      }))
      await admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name: audit, configEntries }] })
    })
    const copies = { topic: lint, what: 'replication', wanted: '3', found: '1' }
    const week = String(7 * 24 * 60 * 60 * 1000)
    const retention = { topic: audit, what: 'retention.ms', wanted: week, found: '86400000' }
    await until('both differ', async () => (await differences()).length === 2)
    expect(await differences()).toEqual(expect.arrayContaining([copies, retention]))

    const [, , dead] = system.broker.nodes
    await dead!.kill()
    await until('the cluster knows', () => system.broker.asAdmin(async (admin) => (await admin.describeCluster()).brokers.length === 2))
    const some = await hms(['topics', 'apply', '--json'], system.env)
    expect(some).toMatchObject({ code: 5, stderr: expect.stringContaining(`${lint} has 1 replicas instead of 3`) as string })
    expect(JSON.parse(some.stdout)).toEqual([{ ...retention, done: `retention.ms set to ${week} instead of 86400000` }])

    await dead!.start(COPIES)
    await system.broker.whole()
    const rest = await hms(['topics', 'apply', '--json'], system.env)
    expect(rest, rest.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(rest.stdout)).toEqual([{ ...copies, done: 'copies of each partition: 3 instead of 1' }])
    expect(await differences()).toEqual([])
    await live(await approve('0s'))
  }, 900_000)

  /** The next version, accepted; the run's number. */
  async function approve(observe: string, id = POLICY): Promise<number> {
    const version = id === POLICY ? versionOf(++approved) : '1.0.0'
    const file = policyFile(system.folder, version, 10 + approved, id)
    const asked = await hms(['approve', file, '--sign', 'EPA Chief', '--observe', observe, '--json'], system.env)
    expect(asked, asked.stderr).toMatchObject({ code: 0 })
    const { run, digest } = JSON.parse(asked.stdout) as { run: number; digest: string }
    ledger.approvals.push({ digest, run, policies: [{ id, version }] })
    return run
  }

  /** Waits until it is in force for all, and the run over. */
  async function live(run: number): Promise<void> {
    const watched: Finished = await hms(['runs', 'watch', String(run), '--timeout', '150s'], system.env, 180_000)
    expect(watched, watched.stdout + watched.stderr).toMatchObject({ code: 0 })
  }

  async function differences(): Promise<TopicDifference[]> {
    return JSON.parse((await hms(['topics', 'diff', '--json'], system.env)).stdout) as TopicDifference[]
  }

  async function read<T>(path: string): Promise<T> {
    return (await (await fetch(`${system.url}${path}`)).json()) as T
  }
})

function versionOf(made: number): string {
  return `1.${made}.0`
}

async function timed(work: () => Promise<void>): Promise<string> {
  const startedAt = Date.now()
  await work()
  return `${((Date.now() - startedAt) / 1_000).toFixed(1)} s`
}
