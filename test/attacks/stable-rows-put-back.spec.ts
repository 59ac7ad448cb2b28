import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, readText, type SignedFreshness } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { stableDigest, type FreshnessPredicate, type StableHead } from '#libs/signing'
import { STABLE_HEADS } from '../../apps/rollout/src/stable/stable.table.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

/** Rows of rollout are changed while it runs: it must not vouch for an earlier state with a new signature. */
describe('rollout whose rows of stable heads were put back', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let store: Server
  let stated: FreshnessPredicate[]
  let onStatement: () => void

  beforeEach(async () => {
    stated = []
    onStatement = () => {}
    store = createServer(async (request, response) => {
      const { freshness } = JSON.parse(await readText(request, 1_000_000)) as Partial<SignedFreshness>
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"revision":1,"applied":true}')
      if (freshness === undefined) return
      stated.push(peekPredicate<FreshnessPredicate>(freshness))
      response.once('close', onStatement)
    })
    await new Promise<void>((ready) => store.listen(0, '127.0.0.1', ready))
    const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    system = await startMemorySystem({}, new MemoryBus(), undefined, undefined, [url])
    press = new PipelineDriver(system)
    return async () => {
      await system.stop()
      await new Promise((closed) => {
        store.close(closed)
        store.closeAllConnections()
      })
    }
  })
  const rollout = () => system.host.runtimes.get('rollout')!
  const live = async (policy: string): Promise<void> => {
    const run = await press.approve([policy], { observeMs: 0, bakeMs: 0 })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  }
  const rows = (): Promise<StableHead[]> => rollout().database.transaction((tx) => tx.documents(STABLE_HEADS).find({ limit: 10 }))
  /** Returns the newest statement after rollout has read its rows without a signal: every third time. */
  const nextStatement = async (): Promise<string> => {
    for (let turn = 0; turn < 4; turn++) {
      const received = new Promise<void>((resolve) => (onStatement = resolve))
      system.clock.advanceTo(system.clock.now().getTime() + 10_000)
      await received
      await system.settle()
    }
    return stated.at(-1)!.stable
  }

  it.each<[string, (first: StableHead) => Promise<unknown>]>([
    ['an earlier head', (first) => rollout().database.transaction((tx) => tx.documents(STABLE_HEADS).put(first))],
    ['no row', ({ policy }) => rollout().database.transaction((tx) => tx.documents(STABLE_HEADS).delete(policy))],
  ])('signs no statement on %s, and reports it', async (_what, change) => {
    await live('pm25@1.0.0=35')
    const [first] = await rows()
    await live('pm25@2.0.0=25')
    const newest = stableDigest(await rows())
    expect(await nextStatement()).toBe(newest)
    expect(rollout().concerns.all).toEqual([])
    await change(first!)
    expect(await nextStatement()).toBe(newest)
    expect(rollout().concerns.all).toEqual([expect.stringMatching(/pm25.*\(next: hms-svc audit verify\)/)])
    await live('ozone@1.0.0=70')
    expect(rollout().concerns.all).toHaveLength(1)
  })
})
