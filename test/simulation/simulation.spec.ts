import { playSeeds } from './play-seeds.suite.js'

playSeeds(1, 2)
