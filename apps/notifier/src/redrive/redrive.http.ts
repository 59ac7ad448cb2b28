import type { DeliveryDetail, RedriveResult } from '#libs/contracts'
import { callerName, Idempotent, RequireScope, type AuthorizedRequest } from '#libs/service'
import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common'
import { RedriveDeliveries } from './redrive-deliveries.js'
import { RedriveDto, RedriveManyDto } from './redrive.dto.js'

@Controller('v1/deliveries')
@RequireScope('operate')
export class RedriveController {
  constructor(private readonly redrive: RedriveDeliveries) {}

  /** Sends abandoned deliveries again, up to 500 that match partner, policy, version and time. */
  @Post('redrive')
  @HttpCode(200)
  @Idempotent()
  many(@Body() body: RedriveManyDto, @Req() request: AuthorizedRequest): Promise<RedriveResult> {
    return this.redrive.many(body, callerName(request))
  }

  /** Sends an abandoned or completed delivery again. A delivery in progress is returned unchanged. */
  @Post(':id/redrive')
  @HttpCode(200)
  @Idempotent()
  one(@Param('id') id: string, @Body() { reason }: RedriveDto, @Req() request: AuthorizedRequest): Promise<DeliveryDetail> {
    return this.redrive.one(id, { by: callerName(request), reason })
  }
}
