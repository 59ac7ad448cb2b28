import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AuditEntry, PolicyView, RunView } from '#libs/contracts'
import { createKafka, diffTopics } from '#libs/messaging'
import { silentLogger } from '#libs/platform'
import { describeKafka } from '../kafka/kafka.config.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { policyFile } from '../support/policy-file.js'
import { hms, ready, until } from '../support/processes.js'

/** A machine that does much else meanwhile takes its time. */
const PATIENCE_MS = 240_000
const PATIENCE = `${PATIENCE_MS / 1000}s`

/** The broker comes back without anything it had: topics, records, offsets. The outboxes have it all. */
describeKafka('a broker that was wiped', () => {
  let system: DistributedSystem
  beforeAll(async () => {
    system = await DistributedSystem.start()
  }, 180_000)
  afterAll(() => system.stop())

  it(
    'gets everything again, runs under way continue, and nothing happens twice',
    async () => {
      const first = await approve('1.0.0', 35, ['--observe', '0s', '--watch', '--timeout', PATIENCE])
      expect(first, `${first.stdout}\n${first.stderr}\n${await unread()}`).toMatchObject({ code: 0 })
      const asked = await approve('2.0.0', 25, ['--observe', '20s', '--json'])
      const { run } = JSON.parse(asked.stdout) as { run: number }
      await until('the run is in CANARY', async () => (await read<RunView>(`/v1/runs/${run}`)).state === 'CANARY')
      const before = await read<AuditEntry[]>('/v1/audit/entries?limit=1000')

      await system.broker.wipe()
      expect(await hms(['topics', 'apply'], system.env)).toMatchObject({ code: 0 })
      expect(await hms(['runs', 'watch', String(run), '--timeout', PATIENCE], system.env, 2 * PATIENCE_MS)).toMatchObject({ code: 0 })
      expect((await read<PolicyView>('/v1/policies/epa-pm25-limit')).value['limit']).toBe(25)

      // Every event that was published before is in the log again, and audit, which read it before, has it once.
      const entries = await read<AuditEntry[]>('/v1/audit/entries?limit=1000')
      expect(entries.slice(0, before.length)).toEqual(before)
      expect(new Set(entries.map(({ event }) => event)).size).toBe(entries.length)
      await until('the log is whole', async () => (await recordsOf('hms.approval.v1')) === 2 && (await recordsOf('hms.lint.v1')) >= 2)
    },
    3 * PATIENCE_MS,
  )

  it(
    'is repaired by hand too: everything since a time is sent again, without a second effect',
    async () => {
      await untilAllIsRead()
      const before = await read<AuditEntry[]>('/v1/audit/entries?limit=1000')
      const done = await hms(['topics', 'republish', '--since', '1h', '--json'], system.env)
      expect(done).toMatchObject({ code: 0 })
      expect((JSON.parse(done.stdout) as { events: number }).events).toBeGreaterThan(20)
      await until('it was sent', async () => (await recordsOf('hms.approval.v1')) >= 4)
      await untilAllIsRead()
      const after = await read<AuditEntry[]>('/v1/audit/entries?limit=1000')
      expect(after.slice(0, before.length)).toEqual(before)
      expect(new Set(after.map(({ event }) => event)).size).toBe(after.length)
      expect(await read<RunView[]>('/v1/runs')).toHaveLength(2)
      expect(await hms(['topics', 'republish', '--since', 'yesterday'], system.env)).toMatchObject({ code: 2 })
    },
    3 * PATIENCE_MS,
  )

  it('has its topics repaired by a service that starts', async () => {
    const kafka = createKafka({ brokers: system.broker.brokers, clientId: 'by-hand' }, silentLogger)
    const admin = kafka.admin()
    await admin.connect()
    const name = 'hms.lint.v1'
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name, configEntries: [{ name: 'retention.ms', value: '1000' }] }],
    })
    await admin.deleteTopics({ topics: ['hms.dlq.linter.v1'] })
    await admin.disconnect()
    await until('the broker differs', async () => (await diffTopics(kafka)).length > 1)
    await system.killAndRestart('linter')
    await until('it matches the catalogue', async () => (await diffTopics(kafka)).length === 0)
    await until('all are ready', () => ready(system.url))
  }, 120_000)

  function approve(version: string, limit: number, flags: string[]) {
    return hms(['approve', policyFile(system.folder, version, limit), '--sign', 'EPA Chief', ...flags], system.env, 2 * PATIENCE_MS)
  }

  async function untilAllIsRead(): Promise<void> {
    let left = ''
    await until(
      () => `every reader has read what there is; left: ${left}`,
      async () => (left = await unread()) === '',
      PATIENCE_MS,
    )
  }

  /** Which readers have records before them, and how many. */
  async function unread(): Promise<string> {
    const topics = await read<{ topic: string; groups: { group: string; messages: number }[] }[]>('/v1/topics')
    const behind = topics.flatMap(({ topic, groups }) =>
      groups.filter(({ messages }) => messages > 0).map((group) => ({ topic, ...group })),
    )
    return behind.map(({ topic, group, messages }) => `${group} ${messages} of ${topic}`).join(', ')
  }

  async function recordsOf(topic: string): Promise<number> {
    return (await read<{ topic: string; messages: number }[]>('/v1/topics')).find((entry) => entry.topic === topic)?.messages ?? 0
  }

  async function read<T>(path: string): Promise<T> {
    const response = await fetch(`${system.url}${path}`)
    expect(response.ok, await response.clone().text()).toBe(true)
    return (await response.json()) as T
  }
})
