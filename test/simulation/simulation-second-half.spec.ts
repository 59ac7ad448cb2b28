import { it, vi } from 'vitest'
import { playSeeds } from './play-seeds.suite.js'
import { onlySeed } from './simulation.config.js'

vi.mock('../../libs/signing/src/event.js', () => import('./quick-events.js'))
vi.mock('../../libs/signing/src/release.js', async (original) => (await import('./quick-releases.js')).rememberReleases(await original()))

if (onlySeed === undefined) playSeeds(2, 2)
else it.skip('a seed that is played alone is played by the first half', () => {})
