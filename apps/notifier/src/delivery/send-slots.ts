import { Injectable } from '@nestjs/common'

/** A partner who hangs holds at most this many of the worker's hands. */
const PER_PARTNER = 2
/** All mail goes by one relay: when that hangs, every partner with an address does. */
const FOR_MAIL = 6
/** Room for 32 partners that hang at a time, beside whom the others are told at once. Each hand is a connection. */
export const TRIES_IN_ALL = 64

/** One try under way. */
export interface Slot {
  /** Before a mail: `false` when the relay has enough of them. Asking again changes nothing. */
  takeRelay(): boolean
  release(): void
}

/**
 * How many tries this process makes at once, looks for acknowledgements included. Partners that hang must not hold up the others: each has
 * its share, and so has the mail relay.
 */
@Injectable()
export class SendSlots {
  /** When each try under way began, by partner, the oldest first. */
  private readonly taken = new Map<string, Date[]>()
  private mail = 0
  private all = 0

  /** `undefined` when the partner, or the process, has its hands full. */
  take(partner: string, now: Date): Slot | undefined {
    const mine = this.taken.get(partner) ?? []
    if (this.all >= TRIES_IN_ALL || mine.length >= PER_PARTNER) return undefined
    this.all++
    const begun = new Date(now)
    this.taken.set(partner, [...mine, begun])
    let isMail = false
    return {
      takeRelay: () => {
        if (isMail || this.mail >= FOR_MAIL) return isMail
        this.mail++
        isMail = true
        return true
      },
      release: () => {
        if (isMail) this.mail--
        this.release(partner, begun)
      },
    }
  }

  /** For how long the oldest try at the partner has been under way. */
  heldMs(partner: string, now: Date): number {
    const [oldest = now] = this.taken.get(partner) ?? []
    return now.getTime() - oldest.getTime()
  }

  private release(partner: string, begun: Date): void {
    const rest = (this.taken.get(partner) ?? []).filter((each) => each !== begun)
    this.all--
    if (rest.length === 0) this.taken.delete(partner)
    else this.taken.set(partner, rest)
  }
}
