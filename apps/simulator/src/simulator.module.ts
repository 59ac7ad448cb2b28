import { Clock } from '#libs/platform'
import { ENVIRONMENT, runtimeModule, type ServiceDefinition } from '#libs/service'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { BOTS } from './bots/bot.table.js'
import { BOT_INSPECTOR, BotsController } from './bots/bots.http.js'
import { WorkerBotInspector } from './bots/worker-bot-inspector.js'
import { CorporaController } from './corpora/corpora.http.js'
import { CORPORA, CORPUS_CONTENT } from './corpora/corpus.table.js'
import { Readings } from './corpora/readings.js'
import { InForceEvents } from './in-force/in-force.events.js'
import { IN_FORCE } from './in-force/in-force.table.js'
import { CreateSimulator1764000000000 } from './migrations/1764000000000-create-simulator.js'
import { CreateInForce1764000000001 } from './migrations/1764000000001-create-in-force.js'
import { InlineReplayRunner, type ReplayRunner } from './replay/replay-runner.js'
import { WorkerReplayRunner } from './replay/worker-replay-runner.js'
import { SCENARIOS } from './scenarios/scenario.table.js'
import { ScenariosController } from './scenarios/scenarios.http.js'
import { readSimulatorConfig, SimulatorConfig } from './simulator.config.js'
import { REPLAY_RUNNER, ReplayRun } from './simulations/replay-run.js'
import { Replaying } from './simulations/replaying.js'
import { RunSimulation } from './simulations/run-simulation.js'
import { SIMULATIONS } from './simulations/simulation.table.js'
import { SimulationsController } from './simulations/simulations.http.js'
import { SimulationsEvents } from './simulations/simulations.events.js'
import { TRIAL_REPLAY_MS, TRIAL_RUNNER, TryPolicies } from './simulations/try-policies.js'
import { type BotInspector, InlineBotInspector } from './replay/inspect-bot.js'

function runnerOf({ runner, workers }: SimulatorConfig, deadlineMs: number): ReplayRunner {
  return runner === 'inline' ? new InlineReplayRunner(deadlineMs) : new WorkerReplayRunner({ deadlineMs, workers })
}

function inspectorOf({ runner }: SimulatorConfig, clock: Clock): BotInspector {
  return runner === 'inline' ? new InlineBotInspector() : new WorkerBotInspector(clock)
}

@Module({
  imports: [runtimeModule('simulator')],
  controllers: [SimulationsEvents, InForceEvents, BotsController, ScenariosController, CorporaController, SimulationsController],
  providers: [
    { provide: SimulatorConfig, inject: [ENVIRONMENT], useFactory: readSimulatorConfig },
    { provide: REPLAY_RUNNER, inject: [SimulatorConfig], useFactory: (config: SimulatorConfig) => runnerOf(config, config.replayMs) },
    { provide: TRIAL_RUNNER, inject: [SimulatorConfig], useFactory: (config: SimulatorConfig) => runnerOf(config, TRIAL_REPLAY_MS) },
    { provide: BOT_INSPECTOR, inject: [SimulatorConfig, Clock], useFactory: inspectorOf },
    Readings,
    ReplayRun,
    Replaying,
    RunSimulation,
    TryPolicies,
  ],
})
class SimulatorModule {}

export const definition: ServiceDefinition = {
  name: 'simulator',
  tables: [...STAGE_TABLES, BOTS, SCENARIOS, CORPORA, CORPUS_CONTENT, SIMULATIONS, IN_FORCE],
  migrations: [...STAGE_MIGRATIONS, CreateSimulator1764000000000, CreateInForce1764000000001],
  module: SimulatorModule,
}
