import { HmsError } from '#libs/contracts'
import { canaryLabel, summaryOf } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { Controller, Get, Param } from '@nestjs/common'
import { CANARIES } from './canary.table.js'

@Controller('v1/canaries')
export class CanariesController {
  constructor(private readonly runtime: ServiceRuntime) {}

  @Get(':run')
  async show(@Param('run') run: string) {
    const canary = await this.runtime.database.transaction((tx) => tx.documents(CANARIES).get(run))
    if (canary === undefined) {
      throw new HmsError('HMS_CANARY_NOT_FOUND', `Run ${run} has no canary, or not yet.`, { status: 404, next: ['hms-svc runs list'] })
    }
    const { state, scope, requestedShare, members, publishedAt, observeUntil, leaseUntil, counted, unexplained } = canary
    return {
      run: canary.run,
      label: canaryLabel(canary),
      state,
      scope,
      requestedShare,
      members,
      publishedAt,
      observeUntil,
      leaseUntil,
      alerts: counted.length,
      unexplained,
      summary: summaryOf(canary),
    }
  }
}
