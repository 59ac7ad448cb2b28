import type { HmsError } from '#libs/contracts'
import { withDeadline } from '../deadline.js'

/** Why there is no contact now. */
export interface Failure {
  reason: string
  /** The other side refused to serve this reader, with what it said. */
  refused?: HmsError
}

/** How long a copy on disk waits for the other side's own word, while that neither answers nor refuses. */
const LIVE_GRACE_MS = 1_000

interface Waiter {
  resolve(): void
  reject(error: Error): void
  failFast: boolean
}

/** Who waits for the server's first word, and why it has not come yet. */
export class Contact {
  private waiters = new Set<Waiter>()
  private lastReason = 'no answer in time'

  /** `unreachable`: the error of who waited in vain, with the last reason known. */
  constructor(private readonly unreachable: (reason: string) => HmsError) {}

  /**
   * Resolves at the next `made`. Rejects with what `unreachable` makes after `ms`, with the server's own answer when it refused
   * for good, and with `failFast` at the first failure of any kind. Keeps the process alive meanwhile.
   */
  async wait(ms: number, failFast = false): Promise<void> {
    let waiter: Waiter | undefined
    const made = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject, failFast }
      this.waiters.add(waiter)
    })
    try {
      await withDeadline(made, ms, () => this.unreachable(this.lastReason))
    } finally {
      if (waiter !== undefined) this.waiters.delete(waiter)
    }
  }

  /**
   * The wait of an opening. With a copy from disk it is short and never fails: what is said now is better than what was said once, and the
   * disk speaks only when nobody else does.
   */
  async first(ms: number, hasCopy: boolean): Promise<void> {
    if (hasCopy) await this.wait(Math.min(LIVE_GRACE_MS, ms), true).catch(() => undefined)
    else await this.wait(ms)
  }

  made(): void {
    for (const waiter of this.waiters) waiter.resolve()
  }

  failed({ reason, refused }: Failure): void {
    this.lastReason = reason
    for (const waiter of this.waiters) {
      if (refused !== undefined && !refused.retryable) waiter.reject(refused)
      else if (waiter.failFast) waiter.reject(this.unreachable(reason))
    }
  }
}
