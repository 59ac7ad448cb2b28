import { action, canonicalJson, HmsError, type JsonText, type ReplayProgress, type SimulationReport, type Trial } from '#libs/contracts'
import { Database } from '#libs/persistence'
import type { Simulation } from '#libs/pipeline'
import { POLICIES_BODY } from '#libs/policy'
import { DryRun, RequireScope, LargeBody } from '#libs/service'
import { Body, Controller, Get, Header, HttpCode, Param, Post, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { RunningReplays } from './running-replays.js'
import { SIMULATIONS } from './simulation.table.js'
import { TrialRequestDto } from './trial.dto.js'
import { TryPolicies } from './try-policies.js'

type SimulationView = Pick<Simulation, 'run' | 'attempt' | 'state' | 'score' | 'skipped' | 'reportDigest'> & {
  progress: ReplayProgress | null
  report: SimulationReport['report']
}

@Controller('v1/simulations')
export class SimulationsController {
  constructor(
    private readonly database: Database,
    private readonly tryPolicies: TryPolicies,
    private readonly replaying: RunningReplays,
  ) {}

  /** Dry run: simulates the policies with the bots, scenarios and corpora that are registered now. */
  @LargeBody({ ...POLICIES_BODY, bytes: 642 * 1024 })
  @Post()
  @HttpCode(200)
  @RequireScope('read')
  @DryRun()
  try(@Body() body: TrialRequestDto, @Res({ passthrough: true }) { raw }: FastifyReply): Promise<Trial> {
    const disconnected = new AbortController()
    raw.once('close', () => disconnected.abort())
    return this.tryPolicies.execute(body, disconnected.signal)
  }

  /** Returns the progress of the trial that this process runs. */
  @Get('trial')
  trial(): ReplayProgress {
    const { progress } = this.tryPolicies
    if (progress !== undefined) return progress
    throw new HmsError('HMS_TRIAL_NOT_FOUND', 'No trial is running in this process.', { status: 404, next: [action('plan')] })
  }

  /**
   * Returns state, score and report of a run's newest attempt, as canonical JSON. `reportDigest` is over the bytes of `report` as contained
   * here. Anyone who replays the same bots, inputs and policies gets the same bytes.
   */
  @Get(':run')
  @Header('content-type', 'application/json; charset=utf-8')
  async show(@Param('run') run: string): Promise<JsonText<SimulationView>> {
    const simulation = await this.database.autocommit((tx) => tx.documents(SIMULATIONS).get(run))
    if (simulation === undefined) {
      const detail = `Run ${run} was not simulated, or not yet.`
      throw new HmsError('HMS_SIMULATION_NOT_FOUND', detail, { status: 404, next: [action('runs.list')] })
    }
    const { attempt, state, score, skipped, reportDigest } = simulation
    const report = simulation.report === null ? null : (JSON.parse(simulation.report) as SimulationView['report'])
    const progress = (state === 'waiting' ? this.replaying.progressOf(simulation) : undefined) ?? null
    return canonicalJson({ run: simulation.run, attempt, state, score, skipped, reportDigest, progress, report })
  }
}
