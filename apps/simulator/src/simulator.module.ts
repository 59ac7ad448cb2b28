import type { ServiceDefinition } from '#libs/service'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { BOTS } from './bots/bot.table.js'
import { CORPORA, CORPUS_CONTENT } from './corpora/corpus.table.js'
import { IN_FORCE } from './in-force/in-force.table.js'
import { CreateSimulator1764000000000 } from './migrations/1764000000000-create-simulator.js'
import { CreateInForce1764000000001 } from './migrations/1764000000001-create-in-force.js'
import { SCENARIOS } from './scenarios/scenario.table.js'
import { SIMULATIONS } from './simulations/simulation.table.js'
import { BotsModule } from './bots/bots.module.js'
import { CorporaModule } from './corpora/corpora.module.js'
import { InForceModule } from './in-force/in-force.module.js'
import { ScenariosModule } from './scenarios/scenarios.module.js'
import { SimulationsModule } from './simulations/simulations.module.js'
import { readSimulatorConfig } from './simulator.config.js'

@Module({ imports: [BotsModule, CorporaModule, InForceModule, ScenariosModule, SimulationsModule] })
class SimulatorModule {}

export const definition: ServiceDefinition = {
  name: 'simulator',
  tables: [...STAGE_TABLES, BOTS, SCENARIOS, CORPORA, CORPUS_CONTENT, SIMULATIONS, IN_FORCE],
  migrations: [...STAGE_MIGRATIONS, CreateSimulator1764000000000, CreateInForce1764000000001],
  readConfig: readSimulatorConfig,
  module: SimulatorModule,
}
