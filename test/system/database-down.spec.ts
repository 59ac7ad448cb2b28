import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RunView } from '#libs/contracts'
import { startPostgres, type EmbeddedPostgres } from '#libs/persistence'
import { describeKafka } from '../kafka/kafka.config.js'
import { killWithParent } from '../support/broker/parent-watch.js'
import { DistributedSystem } from '../support/distributed-system.js'
import { policyFile } from '../support/policy-file.js'
import { hms, ready, scratchFolder, until } from '../support/processes.js'

describeKafka('the database goes away in mid-run', () => {
  const folder = scratchFolder()
  let database: EmbeddedPostgres
  let callOff: () => void
  let system: DistributedSystem

  beforeAll(async () => {
    await startDatabase()
    system = await DistributedSystem.start({ databaseUrl: database.url })
  }, 180_000)

  afterAll(async () => {
    await system.stop()
    await database.stop()
    callOff()
    folder.remove()
  })

  it('readiness reports it, approvals are refused with a code, and the run ends once when it is back', async () => {
    const asked = await hms(
      ['approve', policyFile(folder.path, '1.0.0', 35), '--sign', 'EPA Chief', '--observe', '4s', '--json'],
      system.env,
    )
    const { run } = JSON.parse(asked.stdout) as { run: number }
    await until(`run ${run} is in CANARY`, async () => (await show(run)).state === 'CANARY')
    const { port } = database
    await database.stop()
    callOff()
    await until('readiness reports that the database is down', async () => !(await ready(system.url)))
    const refused = await hms(['approve', policyFile(folder.path, '2.0.0', 25), '--sign', 'EPA Chief', '--json'], system.env)
    expect(refused.code).toBe(11)
    expect(refused.stderr).toMatch(/HMS_HTTP_UNAVAILABLE/)
    await startDatabase(port)
    await until('all eight are ready again', () => ready(system.url))
    expect(await hms(['runs', 'watch', String(run), '--timeout', '60s'], system.env)).toMatchObject({ code: 0 })
    const runs = JSON.parse((await hms(['runs', 'list', '--json'], system.env)).stdout) as RunView[]
    expect(runs.map((view) => view.state)).toEqual(['SUCCEEDED'])
  }, 180_000)

  async function startDatabase(port?: number): Promise<void> {
    database = await startPostgres({ folder: folder.path, port })
    callOff = killWithParent(database.pid)
  }

  async function show(run: number): Promise<RunView> {
    return (await (await fetch(`${system.url}/v1/runs/${run}`)).json()) as RunView
  }
})
