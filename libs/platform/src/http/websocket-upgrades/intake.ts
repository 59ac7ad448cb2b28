/** Permitted amount: `burst` at once, `perSecond` continuously. */
export interface IntakeBounds {
  burst: number
  perSecond: number
}

/** Limit of frames of any kind from a reader of the stream: acknowledgements, pings and pongs. */
export const FRAME_INTAKE: IntakeBounds = { burst: 200, perSecond: 20 }
/** Limit of bytes from a named bot: two of the largest frames at once. */
export const BOT_INTAKE: IntakeBounds = { burst: 4 * 1024 * 1024, perSecond: 1024 * 1024 }
/** Limit of bytes from an anonymous reader, which only sends pings and its closing frame. */
export const READER_INTAKE: IntakeBounds = { burst: 16 * 1024, perSecond: 1024 }

/** Remaining allowance of one connection (a token bucket). `now` in ms. */
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

  /** Takes `amount`; returns whether it was within the limit. */
  take(amount: number): boolean {
    const now = this.now()
    this.left = Math.min(this.bounds.burst, this.left + (Math.max(0, now - this.at) / 1_000) * this.bounds.perSecond) - amount
    this.at = now
    return this.left >= 0
  }
}
