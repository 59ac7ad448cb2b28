import { HmsError } from '#libs/contracts'

/** A bounded number of slots for long-lived users: streams, followers, waiting calls. There is no queue. */
export class Places {
  private taken = 0

  /** `what` names the slots in the refusal. */
  constructor(
    private readonly limit: number,
    private readonly what: string,
  ) {}

  get free(): boolean {
    return this.taken < this.limit
  }

  /** Takes a slot; returns an idempotent function that releases it. Throws `HMS_PLACES_TAKEN` (503) if none is free. */
  take(): () => void {
    if (!this.free) {
      throw new HmsError(
        'HMS_PLACES_TAKEN',
        `This instance serves ${this.limit} ${this.what}, and all are taken; try again in some seconds.`,
        { status: 503 },
      )
    }
    this.taken++
    let mine = true
    return () => {
      if (mine) this.taken--
      mine = false
    }
  }
}
