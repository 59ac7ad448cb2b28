import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RecordingBus, startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

/** Runs that waited went on as if the roster had not changed meanwhile. */
describe('a run that waits while the key of its signer is revoked', () => {
  let rotating: RotatingSystem
  let bus: RecordingBus
  beforeEach(async () => {
    bus = new RecordingBus()
    rotating = await startRotatingSystem(bus)
    await rotating.live(['pm25@1.0.0=35'], { signer: 'EPA Counsel' })
  })
  afterEach(() => rotating.system.stop())

  const ends = (run: number): Promise<void> =>
    rotating.system.runUntil(async () => (await rotating.press.show(run)).endedAt !== null, 600_000, 5_000)

  it('for a freeze that began after its canary had passed issues no stable head', async () => {
    const { press, system } = rotating
    await press.freeze({ id: 'drill', scope: 'region:BOS', from: rotating.later(0), until: rotating.later(60_000) })
    await system.settle()
    const run = await press.approve(['pm25@2.0.0=25'], { observeMs: 0, bakeMs: 0 })
    await press.reaches(run, 'WAITING')
    const heads = bus.count('hms.head.issued.v1')
    await rotating.rotate(rotating.revoke('EPA Chief'))
    await ends(run)
    expect(await press.show(run)).toMatchObject({ reason: 'READERS_REFUSE' })
    expect([await press.limit('pm25'), bus.count('hms.rollout.started.v1')]).toEqual([35, 1])
    expect(heads).toBeGreaterThan(0)
  })

  it('in the queue does not start', async () => {
    const { press } = rotating
    const active = await press.approve(['pm25@2.0.0=25'], { observeMs: 30_000, bakeMs: 0 }, { signer: 'EPA Counsel' })
    const run = await press.approve(['pm25@3.0.0=20'], { observeMs: 0, bakeMs: 0 }, { queue: true })
    await rotating.rotate(rotating.revoke('EPA Chief'))
    await press.reaches(active, 'SUCCEEDED')
    await rotating.system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'STALE', reason: 'READERS_REFUSE' })
    await rotating.live(['pm25@4.0.0=15'], { signer: 'EPA Counsel' })
  })
})
