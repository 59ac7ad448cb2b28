import { HmsError } from '#libs/contracts'
import { ServiceRuntime } from '#libs/stage'
import { Controller, Get, Param } from '@nestjs/common'
import { SIMULATIONS } from './simulation.entity.js'

@Controller('v1/simulations')
export class SimulationsController {
  constructor(private readonly runtime: ServiceRuntime) {}

  /** Score and report of a run. The report is the same to the byte whoever replays it; `reportDigest` is over its canonical form. */
  @Get(':run')
  async show(@Param('run') run: string): Promise<object> {
    const simulation = await this.runtime.database.transaction((tx) => tx.documents(SIMULATIONS).get(run))
    if (simulation === undefined) {
      throw new HmsError('HMS_SIMULATION_NOT_FOUND', `Run ${run} was not simulated, or not yet.`, { status: 404, next: ['hms-svc runs list'] })
    }
    const { attempt, state, score, reportDigest, report } = simulation
    return { run: simulation.run, attempt, state, score, reportDigest, report }
  }
}
