import type { RollbackResult } from '#libs/contracts'
import { RequireScope, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, Headers, HttpCode, Post, Req } from '@nestjs/common'
import { idempotencyKeyOf } from './idempotency-key.js'
import { RollBack } from './roll-back.js'
import { RollbackRequestDto } from './rollbacks.dto.js'

@Controller('v1/rollbacks')
export class RollbacksController {
  constructor(private readonly rollBack: RollBack) {}

  /** 202: the head is committed and on its way; `stored` says which config-stores have it already. */
  @Post()
  @HttpCode(202)
  @RequireScope('operate')
  create(
    @Body() body: RollbackRequestDto,
    @Req() request: AuthorizedRequest,
    @Headers('idempotency-key') key?: string,
  ): Promise<RollbackResult> {
    return this.rollBack.execute({ ...body }, request.actor!, idempotencyKeyOf(key))
  }
}
