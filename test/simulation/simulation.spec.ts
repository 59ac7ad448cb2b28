import { vi } from 'vitest'
import { playSeeds } from './play-seeds.suite.js'

vi.mock('../../libs/signing/src/event.js', () => import('./quick-events.js'))
vi.mock('../../libs/signing/src/release.js', async (original) => (await import('./quick-releases.js')).rememberReleases(await original()))

playSeeds(1, 2)
