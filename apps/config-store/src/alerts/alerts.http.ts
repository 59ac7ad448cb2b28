import type { AlertReceipt } from '#libs/contracts'
import { RepeatsSafely, RequireScope, type AuthorizedRequest, TakesBody } from '#libs/service'
import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { AcceptAlert } from './accept-alert.js'
import { AlertBytes } from './alert-bytes.js'
import { AlertDto } from './alerts.dto.js'

@Controller('v1/alerts')
export class AlertsController {
  private readonly bytes = new AlertBytes()

  constructor(private readonly acceptAlert: AcceptAlert) {}

  @TakesBody({ parts: 10_000, depth: 40 })
  @Post()
  @HttpCode(202)
  @RequireScope('bot')
  @RepeatsSafely()
  report(
    @Body() body: AlertDto,
    @Req() { actor }: AuthorizedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AlertReceipt> {
    const alert = { ...body }
    this.bytes.take(alert, (seconds) => void reply.header('retry-after', String(seconds)))
    return this.acceptAlert.execute(alert, actor)
  }
}
