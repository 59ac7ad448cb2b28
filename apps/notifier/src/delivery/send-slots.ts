import { Injectable } from '@nestjs/common'

/** A partner who hangs holds at most this many of the worker's hands. */
const PER_PARTNER = 2
/** Below the runner's eight at a time, so that deadlines fire while every partner hangs. */
const IN_ALL = 6

/**
 * How many tries this process makes at once, looks for acknowledgements included: each is a connection. One slow partner must not hold up
 * the others.
 */
@Injectable()
export class SendSlots {
  private readonly taken = new Map<string, number>()
  private all = 0

  /** `false` when the partner, or the process, has its hands full. */
  take(partner: string): boolean {
    const mine = this.taken.get(partner) ?? 0
    if (this.all >= IN_ALL || mine >= PER_PARTNER) return false
    this.all++
    this.taken.set(partner, mine + 1)
    return true
  }

  release(partner: string): void {
    const mine = this.taken.get(partner) ?? 0
    this.all--
    if (mine <= 1) this.taken.delete(partner)
    else this.taken.set(partner, mine - 1)
  }
}
