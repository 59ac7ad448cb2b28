import { ServiceRuntime, type ServiceDefinition } from '#libs/service'
import { STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module, type DynamicModule } from '@nestjs/common'
import { BOTS } from './bots/bot.table.js'
import { InlineBotInspector } from './bots/bot-inspector.js'
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

@Module({})
class SimulatorModule {
  static with(runtime: ServiceRuntime): DynamicModule {
    const config = readSimulatorConfig(runtime.environment)
    const inline = config.runner === 'inline'
    const runnerOf = (deadlineMs: number): ReplayRunner =>
      inline ? new InlineReplayRunner(deadlineMs) : new WorkerReplayRunner({ deadlineMs, workers: config.workers })
    const inspector = inline ? new InlineBotInspector() : new WorkerBotInspector(runtime.clock)
    return {
      module: SimulatorModule,
      controllers: [SimulationsEvents, InForceEvents, BotsController, ScenariosController, CorporaController, SimulationsController],
      providers: [
        { provide: ServiceRuntime, useValue: runtime },
        { provide: SimulatorConfig, useValue: config },
        { provide: REPLAY_RUNNER, useValue: runnerOf(config.replayMs) },
        { provide: TRIAL_RUNNER, useValue: runnerOf(TRIAL_REPLAY_MS) },
        { provide: BOT_INSPECTOR, useValue: inspector },
        Readings,
        ReplayRun,
        Replaying,
        RunSimulation,
        TryPolicies,
      ],
    }
  }
}

export const definition: ServiceDefinition = {
  name: 'simulator',
  tables: [...STAGE_TABLES, BOTS, SCENARIOS, CORPORA, CORPUS_CONTENT, SIMULATIONS, IN_FORCE],
  migrations: [...STAGE_MIGRATIONS, CreateSimulator1764000000000, CreateInForce1764000000001],
  module: SimulatorModule.with,
}
