import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_POLICIES_OF_RUN, peekPredicate, type ConfigDocument, type Envelope } from '#libs/contracts'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

/** A release listed all of its bundle, so that twenty were as many as events could carry. */
describe('a bundle', () => {
  const log = new MemoryLog()
  let system: MemorySystem
  let press: PipelineDriver
  beforeAll(async () => {
    system = await startMemorySystem({}, new MemoryBus(log))
    press = new PipelineDriver(system)
  })
  afterAll(() => system.stop())

  const run = async (of: string, count: number): Promise<void> => {
    const policies = Array.from({ length: count }, (_, at) => `${of}-${at}@1.0.0=1`)
    const number = await press.approve(policies, { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(number)).state === 'SUCCEEDED', 60_000)
  }
  const documentsOf = async (of: string): Promise<ConfigDocument[]> => {
    const { documents } = await press.api.get<{ documents: ConfigDocument[] }>('/v1/snapshot')
    return documents.filter(({ id, scope }) => id.startsWith(`${of}-`) && scope === 'global')
  }

  it('has as many policies as a run may have, and is one revision', async () => {
    await run('many', MAX_POLICIES_OF_RUN)
    // Two hundred rows are verified in slices before they are served.
    await expect.poll(async () => (await documentsOf('many')).length).toBe(MAX_POLICIES_OF_RUN)
    const documents = await documentsOf('many')
    expect(new Set(documents.map(({ revision }) => revision)).size).toBe(1)
    const bound = documents.map(({ head }) => peekPredicate<{ bundle: unknown }>(head).bundle)
    expect(new Set(bound.map((bundle) => JSON.stringify(bundle))).size).toBe(1)
    expect(bound[0]).toMatchObject({ size: MAX_POLICIES_OF_RUN })
  }, 120_000)

  it('costs each of its policies the same, however many they are', async () => {
    await run('few', 10)
    await run('more', 50)
    const largest = (documents: ConfigDocument[]): number => Math.max(...documents.map((document) => JSON.stringify(document).length))
    const [few, more] = [largest(await documentsOf('few')), largest(await documentsOf('more'))]
    expect(more - few).toBeLessThan(200)
    const payloads = (topic: string): number[] =>
      log.topic(topic).map(({ value }) => Buffer.from((JSON.parse(value!) as Envelope).payload, 'base64').length)
    for (const topic of ['hms.approval.v1', 'hms.config.head.v1']) {
      const [ten, fifty] = payloads(topic).slice(-2) as [number, number]
      expect(fifty / ten, topic).toBeLessThan(5.5)
    }
  }, 120_000)
})
