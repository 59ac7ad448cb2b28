import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PolicyView, RunView } from '#libs/contracts'
import { policyFile } from '../support/policy-file.js'
import { freePort, hms, ready, scratchFolder, Served, until } from '../support/processes.js'

describe('kill -9 of the embedded process', () => {
  const folder = scratchFolder()
  let env: Record<string, string>
  let dev: Served

  beforeAll(async () => {
    const port = await freePort()
    env = { HMS_URL: `http://127.0.0.1:${port}`, HMS_DATA_DIR: join(folder.path, 'data'), HMS_PORT: String(port) }
    await start()
    const first = await hms(['approve', policyFile(folder.path, '1.5.0', 35), '--sign', 'EPA Chief', '--observe', '0s', '--watch'], env)
    expect(first).toMatchObject({ code: 0 })
  })

  afterAll(async () => {
    await dev.stop()
    folder.remove()
  })

  it.each(['SIMULATING', 'CANARY', 'BAKING'])(
    'in state %s: the run continues and ends once',
    async (state) => {
      const version = { SIMULATING: '2.0.0', CANARY: '3.0.0', BAKING: '4.0.0' }[state]!
      const limit = Number(version[0]) + 20
      const asked = await hms(['approve', policyFile(folder.path, version, limit), '--sign', 'EPA Chief', '--observe', '3s', '--json'], env)
      const { run } = JSON.parse(asked.stdout) as { run: number }
      // The first stages are over in milliseconds: whatever state it is in by then, it is under way.
      if (state !== 'SIMULATING') await until(`run ${run} is in ${state}`, async () => (await show(run)).state === state)
      await dev.kill()
      await start()
      expect(await hms(['runs', 'watch', String(run), '--timeout', '60s'], env)).toMatchObject({ code: 0 })
      expect((await get()).value['limit']).toBe(limit)
      const all = JSON.parse((await hms(['runs', 'list', '--json'], env)).stdout) as RunView[]
      expect(all.filter((view) => view.policies[0]!.version === version)).toHaveLength(1)
      // Audit follows the topics by itself and may be a moment behind the run.
      await until('audit has the end of the run', async () => (await told(run, 'hms.notification.completed.v1')) > 0)
      expect(await told(run, 'hms.notification.completed.v1')).toBe(1)
      expect(await told(run, 'hms.rollout.promoted.v1')).toBe(1)
    },
    180_000,
  )

  it('refuses a second process on the same folder, clearly', async () => {
    const second = await hms(['dev', '--port', String(await freePort()), '--data', env['HMS_DATA_DIR']!], {})
    expect(second).toMatchObject({ code: 5 })
    expect(second.stderr).toMatch(/HMS_DATA_FOLDER_IN_USE/)
  })

  it('refuses a port in use, clearly', async () => {
    const second = await hms(['dev', '--port', env['HMS_PORT']!, '--data', join(folder.path, 'other')], {})
    expect(second).toMatchObject({ code: 5 })
    expect(second.stderr).toMatch(/HMS_PORT_IN_USE/)
  })

  async function start(): Promise<void> {
    dev = Served.start(['dev', '--data', env['HMS_DATA_DIR']!], env)
    await until(`dev is ready; it said: ${dev.output}`, async () => (await ready(env['HMS_URL']!)) || dev.ended)
    if (dev.ended) throw new Error(dev.output)
  }

  async function told(run: number, type: string): Promise<number> {
    const entries = (await (await fetch(`${env['HMS_URL']}/v1/audit/entries?run=${run}`)).json()) as { type: string }[]
    return entries.filter((entry) => entry.type === type).length
  }

  async function show(run: number): Promise<RunView> {
    return (await (await fetch(`${env['HMS_URL']}/v1/runs/${run}`)).json()) as RunView
  }

  async function get(): Promise<PolicyView> {
    return (await (await fetch(`${env['HMS_URL']}/v1/policies/epa-pm25-limit`)).json()) as PolicyView
  }
})
