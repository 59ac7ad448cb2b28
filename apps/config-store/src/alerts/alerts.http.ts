import { type AlertReceipt, type BotAlert, HmsError } from '#libs/contracts'
import { Idempotent, RequireScope, type AuthorizedRequest, LargeBody } from '#libs/service'
import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { AcceptAlert } from './accept-alert.js'
import { AlertDto } from './alerts.dto.js'
import { ClientBuckets, isAtWriteLimit } from '#libs/platform'

@Controller('v1/alerts')
export class AlertsController {
  private readonly bytes = new AlertBytes()

  constructor(private readonly acceptAlert: AcceptAlert) {}

  /** Accepts the alert of a bot. The same alert sent twice counts once. */
  @LargeBody({ parts: 10_000, depth: 40 })
  @Post()
  @HttpCode(202)
  @RequireScope('bot')
  @Idempotent()
  report(
    @Body() body: AlertDto,
    @Req() request: AuthorizedRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AlertReceipt> {
    const alert = { ...body }
    this.bytes.take(alert, (seconds) => void reply.header('retry-after', String(seconds)))
    return this.acceptAlert.execute(alert, request.actor, isAtWriteLimit(request))
  }
}

/**
 * Token bucket for the alert bytes of one bot: a burst of 8 MiB (about 40,000 small alerts), then 2 KiB/s (about ten alerts a second). The
 * topic keeps alerts for seven days, so one bot fills at most 1.2 GB of it per instance of this service.
 */
export const ALERT_BYTES = { burst: 8 * 1024 * 1024, perSecond: 2 * 1024 }

/** Limits the alert bytes of each bot. `nowMs`: monotonic time in ms. */
export class AlertBytes {
  private readonly buckets: ClientBuckets

  constructor(nowMs: () => number = () => performance.now()) {
    this.buckets = new ClientBuckets(ALERT_BYTES, nowMs)
  }

  /** Takes the bytes of an alert from the bot's bucket. Above it, calls `setRetryAfter` (s) and throws 429 `HMS_ALERT_TOO_MANY`. */
  take(alert: BotAlert, setRetryAfter: (seconds: number) => void): void {
    const waitMs = this.buckets.take(alert.bot, Buffer.byteLength(JSON.stringify(alert)))
    if (waitMs === 0) return
    setRetryAfter(Math.ceil(waitMs / 1_000))
    const exceeded = `Bot ${alert.bot} exceeded its budget for alerts, ${ALERT_BYTES.perSecond / 1024} KiB a second.`
    throw new HmsError('HMS_ALERT_TOO_MANY', `${exceeded} Wait for the time in Retry-After, or report smaller readings.`, { status: 429 })
  }
}
