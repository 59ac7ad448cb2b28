import { expect, it } from 'vitest'
import { testIdentity } from '../support/identity.js'
import { describeFailure } from './report.js'
import { simulate } from './simulate.js'
import { layGround } from './harness.js'

it('the first seeds pass with true signatures too', async () => {
  const ground = await layGround(await testIdentity())
  for (let seed = 1; seed <= 5; seed++) {
    const outcome = await simulate(seed, ground)
    if (outcome.violations.length > 0) expect.fail(describeFailure(outcome))
    expect(outcome.runs).toBeGreaterThan(0)
  }
})
