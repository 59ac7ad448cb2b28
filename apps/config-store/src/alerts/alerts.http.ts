import type { AlertReceipt } from '#libs/contracts'
import { RepeatsSafely, RequireScope, type AuthorizedRequest, TakesBody } from '#libs/service'
import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common'
import { AcceptAlert } from './accept-alert.js'
import { AlertDto } from './alerts.dto.js'

@Controller('v1/alerts')
export class AlertsController {
  constructor(private readonly acceptAlert: AcceptAlert) {}

  @TakesBody({ parts: 10_000, depth: 40 })
  @Post()
  @HttpCode(202)
  @RequireScope('bot')
  @RepeatsSafely()
  report(@Body() body: AlertDto, @Req() { actor }: AuthorizedRequest): Promise<AlertReceipt> {
    return this.acceptAlert.execute({ ...body }, actor)
  }
}
