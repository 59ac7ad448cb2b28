/** How much may come: `burst` at once, `perSecond` on and on. */
export interface IntakeBounds {
  burst: number
  perSecond: number
}

/** Frames of any kind that a reader of the stream sends: what it applies, pings and answers to pings. */
export const FRAME_INTAKE: IntakeBounds = { burst: 200, perSecond: 20 }
/** Bytes of a named bot: two of the largest frames at once. */
export const BOT_INTAKE: IntakeBounds = { burst: 4 * 1024 * 1024, perSecond: 1024 * 1024 }
/** Bytes of a reader without a name, which has only pings and its closing frame to send. */
export const READER_INTAKE: IntakeBounds = { burst: 16 * 1024, perSecond: 1024 }

/** What one connection may still send (a token bucket). `now` in ms. */
export class Intake {
  private left: number
  private at: number

  constructor(
    private readonly bounds: IntakeBounds,
    private readonly now: () => number,
  ) {
    this.left = bounds.burst
    this.at = now()
  }

  /** Whether `amount` was still within the bounds. */
  take(amount: number): boolean {
    const now = this.now()
    this.left = Math.min(this.bounds.burst, this.left + (Math.max(0, now - this.at) / 1_000) * this.bounds.perSecond) - amount
    this.at = now
    return this.left >= 0
  }
}
