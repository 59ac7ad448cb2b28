import { it } from 'vitest'
import { playSeeds } from './play-seeds.suite.js'
import { onlySeed } from './simulation.config.js'

if (onlySeed === undefined) playSeeds(2, 2)
else it.skip('a seed that is played alone is played by the first half', () => {})
