import { type AlertReceipt, type BotAlert, HmsError } from '#libs/contracts'
import { RepeatsSafely, RequireScope, type AuthorizedRequest, TakesBody } from '#libs/service'
import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { AcceptAlert } from './accept-alert.js'
import { AlertDto } from './alerts.dto.js'
import { ClientBuckets } from '#libs/platform'

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

/**
 * Bytes of alerts of one bot: 40,000 small ones at once, ten a second on and on. Alerts are kept on their topic for seven days, so one bot
 * fills 1.2 GB of it at most for each instance of this service.
 */
export const ALERT_BYTES = { burst: 8 * 1024 * 1024, perSecond: 2 * 1024 }

/** Bounds what one bot writes. Time is monotonic, in ms. */
export class AlertBytes {
  private readonly buckets: ClientBuckets

  constructor(nowMs: () => number = () => performance.now()) {
    this.buckets = new ClientBuckets(ALERT_BYTES, nowMs)
  }

  /** Throws 429 `HMS_ALERT_TOO_MANY`; calls `wait` before, with whole seconds until the bot may. */
  take(alert: BotAlert, wait: (seconds: number) => void): void {
    const waitMs = this.buckets.take(alert.bot, Buffer.byteLength(JSON.stringify(alert)))
    if (waitMs === 0) return
    wait(Math.ceil(waitMs / 1_000))
    const much = `Alerts of ${alert.bot} come to more than ${ALERT_BYTES.perSecond / 1024} KiB a second.`
    throw new HmsError('HMS_ALERT_TOO_MANY', `${much} Wait as long as Retry-After says, or report smaller readings.`, { status: 429 })
  }
}
