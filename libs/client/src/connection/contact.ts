import type { HmsError } from '#libs/contracts'
import { withDeadline, type Clock } from '../clock.js'
import type { ConnectionState, HmsConnection, ReadyOptions } from './hms-connection.js'

/** Reason why there is no contact at present. */
export interface Failure {
  reason: string
  /** Refusal of this reader by the server or broker. */
  refused?: HmsError
}

/** Time in ms for which a reader with a disk copy waits for the first live contact. */
const LIVE_GRACE_MS = 1_000

const READY_MS = 5_000

interface Waiter {
  resolve(): void
  reject(error: Error): void
  failFast: boolean
}

/** Tracks callers that wait for contact, and the last reason why there is none. */
export class Contact {
  private waiters = new Set<Waiter>()
  private lastReason = 'no answer in time'

  /** `unreachable` creates the error of a waiter from the reason of the failure. `after` replaces the process's timers. */
  constructor(
    private readonly unreachable: (reason: string) => HmsError,
    private readonly after?: Clock['after'],
  ) {}

  /** Waits for the next `made`. Rejects after `ms`, at a permanent refusal, and with `failFast` at any failure. Keeps the process alive. */
  async wait(ms: number, failFast = false): Promise<void> {
    let waiter: Waiter | undefined
    const made = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject, failFast }
      this.waiters.add(waiter)
    })
    try {
      await withDeadline(made, ms, () => this.unreachable(this.lastReason), this.after)
    } finally {
      if (waiter !== undefined) this.waiters.delete(waiter)
    }
  }

  /** Waits for the first contact; with a disk copy at most `LIVE_GRACE_MS`, and without failing, because the copy is the fallback. */
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

/** Resolves with the state once it is `READY`, or after `timeoutMs`, because a verified copy may suffice. Keeps the process alive. */
export async function awaitReady(
  connection: Pick<HmsConnection, 'state' | 'on'>,
  { timeoutMs = READY_MS }: ReadyOptions = {},
): Promise<ConnectionState> {
  if (connection.state === 'READY' || connection.state === 'CLOSED') return connection.state
  const late = new Error('not ready in time')
  let off = (): void => {}
  const ready = new Promise<void>((resolve) => (off = connection.on('ready', () => resolve())))
  try {
    await withDeadline(ready, timeoutMs, () => late)
  } catch (error) {
    if (error !== late) throw error
  } finally {
    off()
  }
  return connection.state
}
