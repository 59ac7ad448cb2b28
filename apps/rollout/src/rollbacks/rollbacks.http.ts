import type { RollbackPreview, RollbackResult } from '#libs/contracts'
import { Idempotent, RequireScope, signedRequest, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common'
import { RollBack } from './roll-back.js'
import { RollbackPreviewQueryDto, RollbackRequestDto } from './rollbacks.dto.js'

@Controller('v1/rollbacks')
export class RollbacksController {
  constructor(private readonly rollBack: RollBack) {}

  /**
   * Responds 202: the heads are committed and being delivered; `stored` has the result of each config-store. A rollback that a crashed
   * instance committed under an `Idempotency-Key` is read from the table of rollbacks, so a retry never waits.
   */
  @Post()
  @Idempotent()
  @HttpCode(202)
  @RequireScope('operate')
  create(@Body() body: RollbackRequestDto, @Req() request: AuthorizedRequest): Promise<RollbackResult> {
    return this.rollBack.execute({ ...body }, request.actor!, { key: request.call, statement: signedRequest(request) })
  }

  /** Returns all policies that the same rollback would move, for a person about to sign it. */
  @Get('preview')
  @RequireScope('read')
  preview(@Query() { policy, version, only }: RollbackPreviewQueryDto): Promise<RollbackPreview> {
    return this.rollBack.preview({ policy, version, only: only === 'true' })
  }
}
