import { HmsError } from '#libs/contracts'

/** A bounded number of places for those who stay: streams, followers, waiting calls. Nobody queues for one. */
export class Places {
  private taken = 0

  /** `what` names them in the refusal. */
  constructor(
    private readonly limit: number,
    private readonly what: string,
  ) {}

  get free(): boolean {
    return this.taken < this.limit
  }

  /** Answers how to give the place back, which may be called twice. Throws `HMS_PLACES_TAKEN` (503) when none is free. */
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
