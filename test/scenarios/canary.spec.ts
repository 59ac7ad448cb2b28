import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyView } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const EVERYONE_OF_NCR = { share: 10_000, scope: 'region:NCR', observeMs: 300_000, bakeMs: 0 }
const SCENARIO = 'id: pm25-violation\npolicies: [pm25-limit]\ncorpus: none\nalert: reading.pm25 > double(policy["pm25-limit"].limit)\n'

describe('a canary', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let run: number

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    await press.api.post('/v1/scenarios', { file: 'pm25-violation.yaml', source: SCENARIO })
    await press.whenState(await press.approve(['pm25-limit@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
    run = await press.approve(['pm25-limit@2.0.0=25'], EVERYONE_OF_NCR)
    await press.whenState(run, 'CANARY')
    await system.settle()
  })

  afterEach(() => system.stop())

  it('is seen by its cohort alone', async () => {
    expect(await seen('bot-1', 'NCR')).toBe(25)
    expect(await seen('bot-1', 'VA')).toBe(35)
    expect(await press.limit('pm25-limit')).toBe(35)
  })

  it('is rolled back at the second unexplained alert', async () => {
    await alert('a1', 'bot-1', 'NCR', 5)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'CANARY' })
    await alert('a2', 'bot-2', 'NCR', 5)
    await press.whenState(run, 'ROLLED_BACK')
    await system.settle()
    expect(await seen('bot-1', 'NCR')).toBe(35)
    expect(await press.show(run)).toMatchObject({ reason: 'UNEXPLAINED_ALERTS' })
  })

  it('counts an alert once per bot and reading, however often it is reported', async () => {
    await alert('a1', 'bot-1', 'NCR', 5, 'reading-1')
    await alert('a1', 'bot-1', 'NCR', 5, 'reading-1')
    await alert('a2', 'bot-1', 'NCR', 5, 'reading-1')
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'CANARY' })
  })

  it('holds against alerts that the new policy explains, and against those of other regions', async () => {
    for (let index = 0; index < 5; index++) await alert(`explained-${index}`, `bot-${index}`, 'NCR', 30)
    for (let index = 0; index < 5; index++) await alert(`elsewhere-${index}`, `bot-${index}`, 'VA', 5)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'CANARY' })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 400_000)
    expect(await press.limit('pm25-limit')).toBe(25)
  })

  it('is renewed while it is observed: the lease never ends before the observation', async () => {
    const leases: number[] = []
    await system.runUntil(async () => {
      const canary = await press.api.get<{ state: string; leaseUntil: string }>(`/v1/canaries/${run}`)
      leases.push(Date.parse(canary.leaseUntil) - system.clock.now().getTime())
      return canary.state !== 'observing'
    }, 400_000)
    expect(Math.min(...leases)).toBeGreaterThan(0)
  })

  async function seen(bot: string, region: string): Promise<unknown> {
    return (await press.api.get<PolicyView>('/v1/policies/pm25-limit', { bot, region })).value['limit']
  }

  async function alert(id: string, bot: string, region: string, pm25: number, reading = `reading-${id}`): Promise<void> {
    await press.api.post('/v1/alerts', {
      id,
      bot,
      region,
      kind: 'Violation',
      value: pm25,
      reading: { id: reading, at: '2026-01-01T00:00:00Z', region, pm25 },
    })
  }
})

describe('a canary with metrics', () => {
  const metrics = [{ name: 'errors', query: 'error_ratio < bool 0.05' }]
  let system: MemorySystem
  let press: PipelineDriver
  let prometheus: Server
  /** What the Prometheus answers, the last of them for good. */
  let values: string[]

  beforeEach(async () => {
    values = ['1']
    prometheus = createServer((request, response) => {
      request.resume().on('end', () => {
        const result = [{ metric: {}, value: [1, values.length > 1 ? values.shift() : values[0]] }]
        response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
      })
    })
    await new Promise<void>((resolve) => prometheus.listen(0, '127.0.0.1', resolve))
    const { port } = prometheus.address() as AddressInfo
    system = await startMemorySystem({ HMS_CANARY_PROMETHEUS: `http://127.0.0.1:${port}` })
    press = new PipelineDriver(system)
  })

  afterEach(async () => {
    await system.stop()
    prometheus.close()
  })

  async function approve(): Promise<number> {
    return press.approve(['pm25-limit@1.0.0=35'], { share: 10_000, scope: 'region:NCR', observeMs: 300_000, bakeMs: 0, metrics })
  }

  async function until(run: number, state: string): Promise<void> {
    await system.runUntil(async () => (await press.show(run)).state === state, 900_000, 1_000)
  }

  it('passes when they hold, and signs what it queried', async () => {
    const run = await approve()
    await until(run, 'SUCCEEDED')
    const { figures } = (await press.show(run)).stages.find(({ stage }) => stage === 'canary')!
    expect(figures!.metrics).toMatchObject([{ name: 'errors', failed: 0, unanswered: 0, problem: null }])
    expect(figures!.metrics![0]!.held).toBeGreaterThanOrEqual(1)
  })

  it('is rolled back at the second failed check, though no bot alerted', async () => {
    values = ['1', '0', '1', '0']
    const run = await approve()
    await until(run, 'ROLLED_BACK')
    expect(await press.show(run)).toMatchObject({ reason: 'METRIC_FAILED' })
  })

  it('pauses for a decision when no metric answers, in every profile', async () => {
    values = ['NaN']
    const run = await approve()
    await until(run, 'PAUSED')
    expect(await press.show(run)).toMatchObject({ reason: 'METRIC_UNANSWERED' })
  })

  it('is not prepared for a query that could not tell failing from silence', async () => {
    const refused = press.approve(['pm25-limit@1.0.0=35'], { metrics: [{ name: 'errors', query: 'error_ratio < 0.05' }] })
    await expect(refused).rejects.toMatchObject({ code: 'HMS_METRIC_INVALID', status: 400 })
  })
})
