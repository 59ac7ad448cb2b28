import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type HmsConnection } from '#libs/client'
import type { PolicyView, RunView, ServiceName } from '#libs/contracts'
import { kafkaAvailable } from '../support/broker/kafka-jars.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { policyFile } from '../support/policy-file.js'
import { hms, scratchFolder, until } from '../support/processes.js'

/** libfaketime, where Debian puts it: a process that loads it sees a clock that is off, and monotonic time as it is. */
const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const possible = existsSync(LIBRARY) && kafkaAvailable().ok

const OFFSETS: Partial<Record<ServiceName, string>> = {
  approver: '+3h',
  simulator: '-3h',
  'canary-controller': '+3h',
  rollout: '-3h',
  notifier: '+3h',
}

describe.skipIf(!possible)(`clocks that differ by hours${possible ? '' : ' (skipped: needs Debian’s faketime and a Kafka)'}`, () => {
  const scratch = scratchFolder()
  let system: DistributedSystem
  let bots: HmsConnection[]

  beforeAll(async () => {
    for (const [service, offset] of Object.entries(OFFSETS)) writeFileSync(clockOf(service), `${offset}\n`)
    const envOf = (name: ServiceName | 'edge'): Record<string, string> => {
      if (OFFSETS[name as ServiceName] === undefined) return {}
      return { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: clockOf(name), FAKETIME_CACHE_DURATION: '1', DONT_FAKE_MONOTONIC: '1' }
    }
    system = await DistributedSystem.start({ envOf })
    bots = await Promise.all(Array.from({ length: 40 }, (_, index) => connect({ url: system.url, bot: `bot-${index}`, region: 'NCR' })))
  }, 180_000)
  afterAll(async () => {
    await Promise.all(bots.map((bot) => bot.close()))
    await system?.stop()
    scratch.remove()
  })

  it('decide nothing: waits are due by the database, and runs go their way', async () => {
    const first = await approve('1.0.0', 35, '2s')
    expect(first, first.stdout + first.stderr).toMatchObject({ code: 0 })
    const startedAt = Date.now()
    expect(await approve('2.0.0', 25, '6s')).toMatchObject({ code: 0 })
    // Neither was the observation cut short nor did it last for hours.
    expect(Date.now() - startedAt).toBeGreaterThan(6_000)
    expect((await read<PolicyView>('/v1/policies/epa-pm25-limit')).value['limit']).toBe(25)
    expect(bots.every((bot) => (bot.get('epa-pm25-limit') as { limit?: unknown }).limit === 25)).toBe(true)
    // Rollout's freshness statement contains the database's time too: no bot doubts it.
    await until('every bot is beyond doubt', async () => bots.every(({ state }) => state === 'READY'))
  }, 150_000)

  it('may jump in mid-run, forth and back', async () => {
    const asked = await hms(
      ['approve', policyFile(system.folder, '3.0.0', 20), '--sign', 'EPA Chief', '--observe', '6s', '--json'],
      system.env,
    )
    const { run } = JSON.parse(asked.stdout) as { run: number }
    await until('the run is in CANARY', async () => (await read<RunView>(`/v1/runs/${run}`)).state === 'CANARY')
    writeFileSync(clockOf('canary-controller'), '-3h\n')
    writeFileSync(clockOf('rollout'), '+3h\n')
    writeFileSync(clockOf('approver'), '-1h\n')
    expect(await hms(['runs', 'watch', String(run), '--timeout', '90s'], system.env, 120_000)).toMatchObject({ code: 0 })
    const view = await read<RunView>(`/v1/runs/${run}`)
    const times = view.stages.map((stage) => Date.parse(stage.endedAt!))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  }, 150_000)

  function clockOf(service: string): string {
    return join(scratch.path, `${service}.clock`)
  }

  function approve(version: string, limit: number, observe: string) {
    return hms(
      [
        'approve',
        policyFile(system.folder, version, limit),
        '--sign',
        'EPA Chief',
        '--observe',
        observe,
        '--bake',
        '0s',
        '--watch',
        '--timeout',
        '90s',
      ],
      system.env,
    )
  }

  async function read<T>(path: string): Promise<T> {
    return (await (await fetch(`${system.url}${path}`)).json()) as T
  }
})
