import { vi } from 'vitest'
import { playSeeds } from './play-seeds.suite.js'

vi.mock('../../libs/signing/src/event.js', () => import('./quick-events.js'))
vi.mock('../../libs/signing/src/release.js', async (original) => (await import('./quick-readings.js')).rememberReleases(await original()))
vi.mock('../../libs/contracts/src/envelope.js', async (original) => (await import('./quick-readings.js')).rememberPeeks(await original()))
vi.mock('../../libs/policy/src/parse-policy.js', async (original) =>
  (await import('./quick-readings.js')).rememberPolicies(await original()),
)

playSeeds(1, 2)
