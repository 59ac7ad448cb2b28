import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import { SERVICES, type AuditEntry, type PolicyView, type RunView } from '#libs/contracts'
import { describeKafka } from '../kafka/kafka.config.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { policyFile } from '../support/policy-file.js'
import { hms, ready, until } from '../support/processes.js'

describeKafka('the walkthrough with eight processes on real Kafka, each a user of its own', () => {
  let system: DistributedSystem
  let fleet: HmsConnection[] = []

  beforeAll(async () => {
    system = await DistributedSystem.startSecured()
  }, 180_000)

  afterAll(async () => {
    await Promise.all(fleet.map((bot) => bot.close()))
    await system.stop()
  })

  it('delivers a policy from the signature to connected bots', async () => {
    expect(await approve('1.5.0', 35, '0s')).toMatchObject({ code: 0 })
    fleet = await Promise.all(Array.from({ length: 20 }, (_, index) => connect({ url: system.url, bot: `bot-${index}`, region: 'NCR' })))
    const done = await approve('2.0.0', 25, '1s')
    expect(done).toMatchObject({ code: 0 })
    expect(done.stdout).toMatch(
      /Canary 5% traffic \(National Capital Region\) \.+ PASS \(.*0 unexplained alerts; .*power vs 2x \d+%; LOW_POWER\)/,
    )
    expect(done.stdout).toMatch(/Full Rollout \.+ PASS \(20 of 20 bots acknowledged\)/)
    await until('every bot reads 25', async () => fleet.every((bot) => (bot.get('epa-pm25-limit') as { limit?: unknown }).limit === 25))
  }, 240_000)

  it('continues when each service is killed once, and ends once', async () => {
    const asked = await hms(
      ['approve', policyFile(system.folder, '3.0.0', 20), '--sign', 'EPA Chief', '--observe', '5s', '--json'],
      system.env,
    )
    const { run } = JSON.parse(asked.stdout) as { run: number }
    await until(`run ${run} is in CANARY`, async () => (await show(run)).state === 'CANARY')
    for (const service of SERVICES) await system.killAndRestart(service)
    await until('all eight are back', () => ready(system.url))
    expect(await hms(['runs', 'watch', String(run), '--timeout', '120s'], system.env, 150_000)).toMatchObject({ code: 0 })
    expect(await limit()).toBe(20)
    const runs = (await read<RunView[]>('/v1/runs')).filter((view) => view.policies[0]!.version === '3.0.0')
    expect(runs).toHaveLength(1)
    await until('audit has it all', async () => (await told(run, 'hms.notification.completed.v1')) === 1)
    for (const type of ['hms.lint.passed.v1', 'hms.canary.passed.v1', 'hms.rollout.promoted.v1', 'hms.rollout.completed.v1']) {
      expect(await told(run, type), type).toBe(1)
    }
  }, 240_000)

  it('rolls back in seconds while the broker is down, and catches up', async () => {
    await system.broker.kill()
    const back = await hms(['rollback', 'epa-pm25-limit@2.0.0', '--json'], system.env)
    expect(back).toMatchObject({ code: 0 })
    expect(JSON.parse(back.stdout)).toMatchObject({ version: '2.0.0', acknowledged: 20, silent: [] })
    expect((JSON.parse(back.stdout) as { seconds: number }).seconds).toBeLessThan(10)
    expect(await limit()).toBe(25)
    const accepted = await hms(
      ['approve', policyFile(system.folder, '1.0.0', 70, 'epa-ozone-limit'), '--sign', 'EPA Chief', '--observe', '0s', '--json'],
      system.env,
    )
    expect(accepted).toMatchObject({ code: 0 })
    await system.broker.restart()
    const { run } = JSON.parse(accepted.stdout) as { run: number }
    expect(await hms(['runs', 'watch', String(run), '--timeout', '120s'], system.env, 150_000)).toMatchObject({ code: 0 })
  }, 240_000)

  function approve(version: string, value: number, observe: string) {
    return hms(
      ['approve', policyFile(system.folder, version, value), '--sign', 'EPA Chief', '--observe', observe, '--watch', '--timeout', '90s'],
      system.env,
    )
  }

  async function limit(): Promise<unknown> {
    return (await read<PolicyView>('/v1/policies/epa-pm25-limit')).value['limit']
  }

  async function told(run: number, type: string): Promise<number> {
    return (await read<AuditEntry[]>(`/v1/audit/entries?run=${run}`)).filter((entry) => entry.type === type).length
  }

  function show(run: number): Promise<RunView> {
    return read<RunView>(`/v1/runs/${run}`)
  }

  async function read<T>(path: string): Promise<T> {
    return (await (await fetch(`${system.url}${path}`)).json()) as T
  }
})
