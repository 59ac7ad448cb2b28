import { afterEach, describe, expect, it } from 'vitest'
import { startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

/** A roster may leave a policy without an approving role: decisions about its runs ended as internal errors. */
describe('a policy that no role may approve any longer', () => {
  let rotating: RotatingSystem
  afterEach(() => rotating.system.stop())

  it('is withdrawn, and its run aborted, by its author at most', async () => {
    rotating = await startRotatingSystem()
    const { press } = rotating
    await rotating.live(['pm25@1.0.0=35'])
    const run = await press.approve(['pm25@2.0.0=25'], { observeMs: 0, bakeMs: 600_000 }, { author: 'Air Office' })
    await press.reaches(run, 'BAKING')
    await rotating.rotate((next) => void (next.roles.find(({ match }) => match.all)!.match = { idPrefix: 'so' }), ['pm25'])
    await expect(press.withdraw('pm25', 'EPA Counsel')).rejects.toMatchObject({ code: 'HMS_WITHDRAWAL_NOT_ALLOWED', status: 403 })
    await expect(press.decide(run, 'abort', 'EPA Counsel')).rejects.toMatchObject({ code: 'HMS_RUN_DECISION_NOT_ALLOWED', status: 403 })
    expect(await press.decide(run, 'abort', 'Air Office')).toMatchObject({ run })
  })
})
