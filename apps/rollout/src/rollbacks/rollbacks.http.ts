import type { RollbackPreview, RollbackResult } from '#libs/contracts'
import { RepeatsSafely, RequireScope, signedRequest, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Get, HttpCode, Post, Query, Req } from '@nestjs/common'
import { RollBack } from './roll-back.js'
import { RollbackPreviewQueryDto, RollbackRequestDto } from './rollbacks.dto.js'

@Controller('v1/rollbacks')
export class RollbacksController {
  constructor(private readonly rollBack: RollBack) {}

  /**
   * 202: the head is committed and on its way; `stored` says which config-stores have it already. What a killed instance committed under an
   * `Idempotency-Key` is found again in its own table, so a rollback that is sent again never waits.
   */
  @Post()
  @RepeatsSafely()
  @HttpCode(202)
  @RequireScope('operate')
  create(@Body() body: RollbackRequestDto, @Req() request: AuthorizedRequest): Promise<RollbackResult> {
    return this.rollBack.execute({ ...body }, request.actor!, { key: request.call, statement: signedRequest(request) })
  }

  /** All that the same rollback would move, for who is about to sign it. */
  @Get('preview')
  @RequireScope('read')
  preview(@Query() { policy, version, only }: RollbackPreviewQueryDto): Promise<RollbackPreview> {
    return this.rollBack.preview({ policy, version, only: only === 'true' })
  }
}
