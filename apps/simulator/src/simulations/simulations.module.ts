import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { CorporaModule } from '../corpora/corpora.module.js'
import { InlineReplayRunner, type ReplayRunner } from '../replay/replay-runner.js'
import { WorkerReplayRunner } from '../replay/worker-replay-runner.js'
import { SimulatorConfig } from '../simulator.config.js'
import { REPLAY_RUNNER, ReplayRun } from './replay-run.js'
import { RunningReplays } from './running-replays.js'
import { RunSimulation } from './run-simulation.js'
import { SimulationsController } from './simulations.http.js'
import { SimulationsEvents } from './simulations.events.js'
import { TRIAL_REPLAY_MS, TRIAL_RUNNER, TryPolicies } from './try-policies.js'

function createRunner({ runner, workers }: SimulatorConfig, deadlineMs: number): ReplayRunner {
  return runner === 'inline' ? new InlineReplayRunner(deadlineMs) : new WorkerReplayRunner({ deadlineMs, workers })
}

/** Replays of runs and of trials. Trials have their own runner, so that they do not delay a run. */
@Module({
  imports: [CoreModule, CorporaModule],
  controllers: [SimulationsEvents, SimulationsController],
  providers: [
    { provide: REPLAY_RUNNER, inject: [SimulatorConfig], useFactory: (config: SimulatorConfig) => createRunner(config, config.replayMs) },
    { provide: TRIAL_RUNNER, inject: [SimulatorConfig], useFactory: (config: SimulatorConfig) => createRunner(config, TRIAL_REPLAY_MS) },
    ReplayRun,
    RunningReplays,
    RunSimulation,
    TryPolicies,
  ],
})
export class SimulationsModule {}
