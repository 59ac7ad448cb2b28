import type { AlertReceipt } from '#libs/contracts'
import { RequireScope } from '#libs/stage'
import { Body, Controller, HttpCode, Post } from '@nestjs/common'
import { AcceptAlert } from './accept-alert.js'
import { AlertDto } from './alerts.dto.js'

/** With profile dev bots need no key. The module chooses one of the two. */
@Controller('v1/alerts')
export class OpenAlertsController {
  constructor(private readonly acceptAlert: AcceptAlert) {}

  @Post()
  @HttpCode(202)
  report(@Body() body: AlertDto): Promise<AlertReceipt> {
    return this.acceptAlert.execute({ ...body })
  }
}

/** In production an alert is a write like any other. */
@Controller('v1/alerts')
export class SignedAlertsController {
  constructor(private readonly acceptAlert: AcceptAlert) {}

  @Post()
  @HttpCode(202)
  @RequireScope('operate')
  report(@Body() body: AlertDto): Promise<AlertReceipt> {
    return this.acceptAlert.execute({ ...body })
  }
}
