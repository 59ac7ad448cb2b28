import { Injectable } from '@nestjs/common'

/** Maximum number of slots used by one partner, for instance one that hangs. */
const SLOTS_PER_PARTNER = 2
/** Slots for mail. All mail uses one relay: if the relay hangs, the attempts at all partners with a mail address hang. */
const MAIL_SLOTS = 6
/** Slots in total. While fewer than 32 partners hang at the same time, the other partners are still notified. Each slot is a connection. */
export const MAX_SLOTS = 64

export interface Slot {
  /** Takes a slot of the mail relay; `false` if all are taken. Repeated calls change nothing. */
  takeRelay(): boolean
  release(): void
}

/** Limits a process's concurrent attempts and acknowledgement checks, per partner and for mail: a partner that hangs blocks no other. */
@Injectable()
export class SendSlots {
  /** Start times of the attempts in progress by partner, oldest first. */
  private readonly taken = new Map<string, Date[]>()
  private mail = 0
  private all = 0

  /** Takes a slot; `undefined` if all slots of the partner, or of the process, are in use. */
  take(partner: string, now: Date): Slot | undefined {
    const mine = this.taken.get(partner) ?? []
    if (this.all >= MAX_SLOTS || mine.length >= SLOTS_PER_PARTNER) return undefined
    this.all++
    const startedAt = new Date(now)
    this.taken.set(partner, [...mine, startedAt])
    let isMail = false
    return {
      takeRelay: () => {
        if (isMail || this.mail >= MAIL_SLOTS) return isMail
        this.mail++
        isMail = true
        return true
      },
      release: () => {
        if (isMail) this.mail--
        this.release(partner, startedAt)
      },
    }
  }

  /** Duration in ms of the partner's oldest attempt in progress. */
  heldMs(partner: string, now: Date): number {
    const [oldest = now] = this.taken.get(partner) ?? []
    return now.getTime() - oldest.getTime()
  }

  private release(partner: string, startedAt: Date): void {
    const rest = (this.taken.get(partner) ?? []).filter((each) => each !== startedAt)
    this.all--
    if (rest.length === 0) this.taken.delete(partner)
    else this.taken.set(partner, rest)
  }
}
