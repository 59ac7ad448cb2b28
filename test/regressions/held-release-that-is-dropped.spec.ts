import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DeliveryView, PlanOptions } from '#libs/contracts'
import { policyAt } from '../../apps/approver/src/policies/policy.table.js'
import { takenBackOf } from '../../apps/approver/src/policies/quarantine.js'
import { DeafBus } from '../support/deaf-bus.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }
const LATER_MS = 3_600_000

/** Partners that were notified of a version ahead still expected it after another release had replaced it. */
describe('a version that is held for later, and whose partners were notified', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bus: DeafBus
  let receiver: Server
  let told: string[]
  let later: string
  beforeEach(async () => {
    bus = new DeafBus()
    system = await startMemorySystem({ HMS_APPROVER_BREAK_GLASS_BAKE: '30s' }, bus)
    press = new PipelineDriver(system)
    later = new Date(system.clock.now().getTime() + LATER_MS).toISOString()
    told = []
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: { version: string; supersedes: string[] } }
      told.push(`${data.version} for ${data.supersedes.join(' ')}`)
      response.writeHead(204).end()
    }).listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    const { port } = receiver.address() as AddressInfo
    const webhook = { url: `http://127.0.0.1:${port}/`, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }
    await press.api.post('/v1/partners', { id: 'va-deq', name: 'Virginia', channels: [{ webhook }], networks: ['127.0.0.1/32'] })
    await live('pm25@1.0.0=35')
  })
  afterEach(async () => {
    receiver.close()
    receiver.closeAllConnections()
    await system.stop()
  })

  const live = async (policy: string, plan: PlanOptions = {}): Promise<void> =>
    press.reaches(await press.approve([policy], { ...AT_ONCE, ...plan }), 'SUCCEEDED')
  const held = async (policy: string, plan: PlanOptions = {}): Promise<number> => {
    const run = await press.approve([policy], { ...AT_ONCE, ...plan }, { effective: later })
    await press.reaches(run, 'WAITING')
    return run
  }
  const rollBack = (version: string) => press.api.post('/v1/rollbacks', { policy: 'pm25', version })
  const areTold = (count: number): Promise<void> => system.runUntil(async () => told.length >= count, 60_000)
  const isTakenBack = async (version: string): Promise<boolean> => {
    const { database } = system.host.runtimes.get('approver')!
    return (await database.transaction((tx) => takenBackOf(tx, 'pm25', version))) !== undefined
  }

  it('is withdrawn for them when break-glass replaces it; its run is superseded, and it is not quarantined', async () => {
    const older = await held('pm25@2.0.0=25')
    await areTold(2)
    const run = await press.breakGlass(['pm25@1.6.0=30'])
    await press.reaches(run, 'SUCCEEDED')
    await areTold(4)
    expect(told).toEqual(['1.0.0 for ', '2.0.0 for pm25@1.0.0', '1.0.0 for pm25@2.0.0', '1.6.0 for pm25@1.0.0'])
    expect(await press.show(older)).toMatchObject({ state: 'SUPERSEDED', supersededBy: run })
    expect(await isTakenBack('2.0.0')).toBe(false)
    await press.passes(LATER_MS)
    expect([await press.limit('pm25'), told.length]).toEqual([30, 4])
  })

  it('does not become live at its time, though its replacement was never stored', async () => {
    await held('pm25@2.0.0=25')
    // It stores no head.
    bus.deaf.add('config-store')
    const run = await press.breakGlass(['pm25@1.6.0=30'])
    await press.reaches(run, 'ROLLED_BACK', LATER_MS / 2)
    await press.passes(LATER_MS)
    const { database } = system.host.runtimes.get('approver')!
    expect((await database.transaction((tx) => policyAt(tx, 'pm25')))?.live?.version).toBe('1.0.0')
  })

  it('is withdrawn for them when an ordinary run replaces it, after its own run has ended', async () => {
    await held('pm25@2.0.0=25')
    await areTold(2)
    await rollBack('1.0.0')
    await areTold(3)
    await rollBack('2.0.0')
    await areTold(4)
    await live('pm25@3.0.0=20')
    await areTold(6)
    expect(told.slice(2).map((each) => each.split(' ')[0])).toEqual(['1.0.0', '2.0.0', '1.0.0', '3.0.0'])
    const ids = (await press.api.get<DeliveryView[]>('/v1/deliveries')).map(({ messageId }) => messageId)
    expect(new Set(ids).size).toBe(6)
  })

  it('is rolled back with the live version: partners of that are notified too, and no older approval reinstates either', async () => {
    await live('pm25@1.5.0=33')
    await held('pm25@2.0.0=25', { partners: ['nobody'] })
    await areTold(2)
    await rollBack('1.0.0')
    await areTold(3)
    expect(told[2]).toBe('1.0.0 for pm25@1.5.0')
    expect([await isTakenBack('1.5.0'), await isTakenBack('2.0.0'), await isTakenBack('1.0.0')]).toEqual([true, true, false])
  })

  it('goes with what is in force by a rollback that people sign, too', async () => {
    await live('pm25@1.1.0=34')
    await live('pm25@1.5.0=33', { fallbacks: [] })
    await held('pm25@2.0.0=25', { partners: ['nobody'], fallbacks: [] })
    await areTold(3)
    await press.whenState((await press.signRollback('pm25', '1.1.0')).run!, 'SUCCEEDED')
    await areTold(4)
    expect(told[3]).toBe('1.1.0 for pm25@1.5.0')
    expect([await isTakenBack('1.5.0'), await isTakenBack('2.0.0')]).toEqual([true, true])
  })
})
