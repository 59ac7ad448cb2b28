import { HmsError, type BotAlert } from '#libs/contracts'
import { ClientBuckets } from '#libs/platform'

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
