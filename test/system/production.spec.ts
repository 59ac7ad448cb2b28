import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import type { PolicyView, RunView } from '#libs/contracts'
import { describeKafka } from '../kafka/kafka.config.js'
import { policyFile } from '../support/policy-file.js'
import { until } from '../support/processes.js'
import { ProductionSystem } from '../support/production-system.js'

/** Nothing of profile dev: what an operator sets up and what people and programs then do. The order of the tests counts. */
describeKafka('an installation in production', () => {
  let system: ProductionSystem
  let operate: string
  let read: string
  let bot: HmsConnection | undefined

  beforeAll(async () => {
    system = await ProductionSystem.start()
  }, 400_000)

  afterAll(async () => {
    await bot?.close()
    await system?.stop()
  })

  const tokenFor = async (scope: string): Promise<string> => {
    const made = await system.hms(['tokens', 'create', '--scope', scope, '--sign', 'Air Director', '--json'])
    expect(made, made.stderr).toMatchObject({ code: 0 })
    return (JSON.parse(made.stdout) as { token: string }).token
  }
  const file = (name: string, content: string): string => {
    const path = join(system.folder, name)
    writeFileSync(path, content)
    return path
  }
  const approve = (policy: string, signer: string) =>
    system.hms(['approve', policy, '--sign', signer, '--author', 'Air Office', '--observe', '1s', '--json'], read)
  const approved = async (policy: string): Promise<RunView> => {
    const signed = [await approve(policy, 'Air Director'), await approve(policy, 'Air Office'), await approve(policy, 'Air Counsel')]
    for (const each of signed) expect(each, each.stderr).toMatchObject({ code: 0 })
    const { run } = JSON.parse(signed[2]!.stdout) as { run: number }
    const watched = await system.hms(['runs', 'watch', String(run), '--json', '--timeout', '120s'], read)
    return JSON.parse(watched.stdout.trim().split('\n').at(-1)!) as RunView
  }

  it('refuses requests without a key, and issues keys to programs on the signature of a person', async () => {
    expect(await system.hms(['get', 'epa-pm25-limit'])).toMatchObject({ code: 3 })
    expect((await fetch(`${system.url}/v1/policies`)).status).toBe(401)
    expect(
      (await fetch(`${system.url}/v1/bots`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })).status,
    ).toBe(401)
    operate = await tokenFor('operate')
    read = await tokenFor('read')
    await until('the key is known everywhere', async () => (await system.hms(['runs', 'list', '--json'], read)).code === 0)
  }, 120_000)

  it('pauses a run without evidence, because there is nothing to replay', async () => {
    const run = await approved(policyFile(system.folder, '1.0.0', 70, 'epa-ozone-limit'))
    expect(run).toMatchObject({ state: 'PAUSED', reason: 'NO_EVIDENCE' })
  }, 120_000)

  it('delivers a policy of two officials and its author to a bot that checks all of it', async () => {
    const registered = [
      [
        'bots',
        'add',
        file(
          'inspector.js',
          `export const policies = ['epa-pm25-limit']\nexport default (reading, getPolicy) => reading.pm25 > getPolicy('epa-pm25-limit').limit ? { alert: 'Violation', value: reading.pm25 } : null\n`,
        ),
        '--id',
        'inspector',
      ],
      [
        'corpora',
        'add',
        file(
          'readings.csv',
          'id,at,region,pm25\n1,2026-01-01T00:00:00Z,NCR,20\n2,2026-01-02T00:00:00Z,NCR,30\n3,2026-01-03T00:00:00Z,NCR,40\n',
        ),
        '--id',
        'readings',
      ],
      [
        'scenarios',
        'add',
        file(
          'scenario.yaml',
          'id: pm25-violation\npolicies: [epa-pm25-limit]\ncorpus: readings\nalert: reading.pm25 > double(policy["epa-pm25-limit"].limit)\n',
        ),
      ],
    ]
    for (const verb of registered) {
      const done = await system.hms(verb, operate)
      expect(done, done.stderr).toMatchObject({ code: 0 })
    }
    const token = await tokenFor('bot:inspector-7')
    const answer = async (): Promise<number> =>
      (await fetch(`${system.url}/v1/policies`, { headers: { authorization: `Bearer ${token}` } })).status
    await until('the key of the bot is known to config-store', async () => (await answer()) !== 401)
    const connected = connect({
      url: system.url,
      bot: 'inspector-7',
      region: 'NCR',
      token,
      roster: join(system.folder, 'roster.json'),
      cacheDir: join(system.folder, 'cache'),
      timeoutMs: 60_000,
    })
    bot = await connected
    expect(await approved(policyFile(system.folder, '1.0.0', 35))).toMatchObject({ state: 'SUCCEEDED' })
    expect(await approved(policyFile(system.folder, '2.0.0', 25))).toMatchObject({ state: 'SUCCEEDED' })
    await until(
      'the bot is under it',
      async () => bot!.state === 'READY' && (bot!.get('epa-pm25-limit') as { limit?: unknown }).limit === 25,
    )
    expect(bot.explain('epa-pm25-limit')).toMatchObject({ version: '2.0.0', state: 'READY', trust: 'pinned' })
    const shown = JSON.parse((await system.hms(['get', 'epa-pm25-limit', '--json'], read)).stdout) as PolicyView
    expect(shown.provenance).toMatchObject({ author: 'Air Office', approvedBy: ['Air Director', 'Air Counsel'] })
  }, 240_000)

  it('proves it to any checker: the log with its witness, each stage, and a bundle offline', async () => {
    const verified = await system.hms(['audit', 'verify', '--json'], read)
    expect(verified, verified.stderr).toMatchObject({ code: 0 })
    // Two documents: what is live for all, and what the canary's region went back to.
    expect(JSON.parse(verified.stdout)).toMatchObject({ origin: 'air.example/audit', runs: 2, live: 2, witnessedAt: expect.any(String) })
    const bundle = join(system.folder, 'pm25.bundle')
    const written = await system.hms(['audit', 'bundle', 'epa-pm25-limit', '--out', bundle], read)
    expect(written, written.stderr).toMatchObject({ code: 0 })
    expect(await system.hms(['verify', bundle, '--roster', join(system.folder, 'roster.json')])).toMatchObject({ code: 0 })
  }, 120_000)

  it('is rolled back with a key of scope operate, and not with one of scope read', async () => {
    expect(await system.hms(['rollback', 'epa-pm25-limit@1.0.0'], read)).toMatchObject({ code: 3 })
    const back = await system.hms(['rollback', 'epa-pm25-limit@1.0.0', '--json'], operate)
    expect(back, back.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(back.stdout)).toMatchObject({ version: '1.0.0', acknowledged: 1, silent: [] })
    expect((bot!.get('epa-pm25-limit') as { limit?: unknown }).limit).toBe(35)
  }, 120_000)
})
