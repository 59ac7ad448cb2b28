import { canonicalJson, HmsError, type Json, type JsonText } from '#libs/contracts'
import type { Simulation } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { Controller, Get, Header, Param } from '@nestjs/common'
import { SIMULATIONS } from './simulation.table.js'

type SimulationView = Pick<Simulation, 'run' | 'attempt' | 'state' | 'score' | 'skipped' | 'reportDigest'> & { report: Json }

@Controller('v1/simulations')
export class SimulationsController {
  constructor(private readonly runtime: ServiceRuntime) {}

  /**
   * State, score and report of a run's newest attempt, in canonical form. `reportDigest` is over the bytes of `report` as they stand in
   * here: the same bots, inputs and policies give the same ones, anyone who replays them.
   */
  @Get(':run')
  @Header('content-type', 'application/json; charset=utf-8')
  async show(@Param('run') run: string): Promise<JsonText<SimulationView>> {
    const simulation = await this.runtime.database.transaction((tx) => tx.documents(SIMULATIONS).get(run))
    if (simulation === undefined) {
      const detail = `Run ${run} was not simulated, or not yet.`
      throw new HmsError('HMS_SIMULATION_NOT_FOUND', detail, { status: 404, next: ['hms-svc runs list'] })
    }
    const { attempt, state, score, skipped, reportDigest } = simulation
    const report = simulation.report === null ? null : (JSON.parse(simulation.report) as Json)
    return canonicalJson({ run: simulation.run, attempt, state, score, skipped, reportDigest, report })
  }
}
