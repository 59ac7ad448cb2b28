import { HmsError } from '#libs/contracts'

/** A bounded number of slots for long-lived users: streams, followers, waiting calls. There is no queue. */
export class Slots {
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
      const detail = `This instance serves ${this.limit} ${this.what}, and all slots are in use; try again in some seconds.`
      throw new HmsError('HMS_PLACES_TAKEN', detail, { status: 503 })
    }
    this.taken++
    let isHeld = true
    return () => {
      if (isHeld) this.taken--
      isHeld = false
    }
  }
}

/** Bounded slots with a share per client, so that no client takes them all. */
export class ClientSlots {
  private readonly slots: Slots
  private readonly byClient = new Map<string, number>()

  /** `what` names the slots in the refusal. */
  constructor(
    limit: number,
    private readonly perClient: number,
    private readonly what: string,
  ) {
    this.slots = new Slots(limit, what)
  }

  /** Takes a slot; returns an idempotent function that releases it. Throws `HMS_PLACES_TAKEN`: 429 for a client's share, else 503. */
  take(client: string): () => void {
    const mine = this.byClient.get(client) ?? 0
    if (mine >= this.perClient) {
      const detail = `One client may use ${this.perClient} slots for ${this.what}; close some, or try again in some seconds.`
      throw new HmsError('HMS_PLACES_TAKEN', detail, { status: 429, retryable: true })
    }
    const release = this.slots.take()
    this.byClient.set(client, mine + 1)
    let isHeld = true
    return () => {
      release()
      if (!isHeld) return
      isHeld = false
      const left = this.byClient.get(client)! - 1
      if (left > 0) this.byClient.set(client, left)
      else this.byClient.delete(client)
    }
  }
}
