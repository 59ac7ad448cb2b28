import { unreachable } from '../api/unreachable.js'
import { withDeadline } from '../deadline.js'
import type { LinkFailure } from './stream-link.js'

interface Waiter {
  resolve(): void
  reject(error: Error): void
  failFast: boolean
}

/** Who waits for the server's first word, and why it has not come yet. */
export class Contact {
  private waiters = new Set<Waiter>()
  private lastReason = 'no answer in time'

  constructor(private readonly url: string) {}

  /**
   * Resolves at the next `made`. Rejects with `HMS_UNREACHABLE` after `ms`, with the server's own answer when it refused
   * for good, and with `failFast` at the first failure of any kind. Keeps the process alive meanwhile.
   */
  async wait(ms: number, failFast = false): Promise<void> {
    let waiter: Waiter | undefined
    const made = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject, failFast }
      this.waiters.add(waiter)
    })
    try {
      await withDeadline(made, ms, () => unreachable(this.url, this.lastReason))
    } finally {
      if (waiter !== undefined) this.waiters.delete(waiter)
    }
  }

  made(): void {
    for (const waiter of this.waiters) waiter.resolve()
  }

  failed({ reason, refused }: LinkFailure): void {
    this.lastReason = reason
    for (const waiter of this.waiters) {
      if (refused !== undefined && !refused.retryable) waiter.reject(refused)
      else if (waiter.failFast) waiter.reject(unreachable(this.url, reason))
    }
  }
}
