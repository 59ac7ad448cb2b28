import { afterEach, describe, expect, it } from 'vitest'
import type { Ticket } from '#libs/contracts'
import { startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

/** Rollout reported the release that stays in force after the run had ended, and no ticket was opened. */
describe('a run that ended before rollout could not revert its release', () => {
  let rotating: RotatingSystem
  afterEach(() => rotating.system.stop())

  it('opens a ticket when rollout reports the release that stays in force', async () => {
    rotating = await startRotatingSystem()
    const { press, system } = rotating
    await rotating.live(['pm25@1.0.0=35'])
    const run = await press.approve(['pm25@2.0.0=25'], { share: 10_000, observeMs: 1_000, bakeMs: 60_000 }, { signer: 'EPA Counsel' })
    await press.reaches(run, 'BAKING')
    await rotating.rotate(rotating.revoke('EPA Chief'), ['pm25'])
    const { database, outbox } = system.host.runtimes.get('rollout')!
    const data = { run, attempt: 1, group: 'rollout', reason: 'POISONED', detail: 'drill' }
    await database.transaction((tx) =>
      outbox.emit(tx, 'hms.run.poisoned.v1', data, { key: 'pm25', run, attempt: 1, topic: 'hms.rollout.v1' }),
    )
    await press.reaches(run, 'FAILED')
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'FAILED', kept: [{ id: 'pm25', version: '2.0.0' }] })
    const [ticket] = await press.api.get<Ticket[]>('/v1/tickets?state=OPEN')
    expect(ticket).toMatchObject({ run, kind: 'EMERGENCY_REVIEW', reason: 'FALLBACK_REFUSED' })
  })
})
