import { it, vi } from 'vitest'
import { playSeeds } from './play-seeds.suite.js'
import { onlySeed } from './simulation.config.js'

vi.mock('../../libs/signing/src/event.js', () => import('./quick-events.js'))
vi.mock('../../libs/signing/src/release.js', async (original) => (await import('./quick-readings.js')).rememberReleases(await original()))
vi.mock('../../libs/contracts/src/envelope.js', async (original) => (await import('./quick-readings.js')).rememberPeeks(await original()))
vi.mock('../../libs/policy/src/parse-policy.js', async (original) =>
  (await import('./quick-readings.js')).rememberPolicies(await original()),
)

if (onlySeed === undefined) playSeeds(2, 2)
else it.skip('a seed that is played alone is played by the first half', () => {})
