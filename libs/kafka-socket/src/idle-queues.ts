import { createRequire } from 'node:module'

/** Queue of kafkajs for one connection. `pending`: requests that it may not send yet. */
interface RequestQueue {
  pending: unknown[]
  inflight: Map<number, { sentAt: number; requestTimeout: number; timeoutRequest(): void }>
  enforceRequestTimeout: boolean
  requestTimeoutIntervalId: NodeJS.Timeout
  isConnected(): boolean
  destroy(): void
  scheduleCheckPendingRequests(): void
  scheduleRequestTimeoutCheck(): void
}

/** Interval in ms of the check for timed-out requests, and so their maximum additional wait. The request timeout is 15 s. */
const DEADLINES_SEEN_MS = 1_000

let areQuiet = false

/**
 * Stops the polling of empty request queues. kafkajs 2.2.4 polls each queue with a timer that restarts itself, a thousand times a second
 * for each open connection. A request that has to wait starts the timer itself, so an empty queue needs none. kafkajs checks for timed-out
 * requests ten times a second, this patch once. The first call changes all queues of the process.
 */
export function quietIdleQueues(): void {
  if (areQuiet) return
  areQuiet = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this)
  }
  prototype.scheduleRequestTimeoutCheck = function (this: RequestQueue) {
    if (!this.enforceRequestTimeout) return
    this.destroy()
    this.requestTimeoutIntervalId = setInterval(() => {
      for (const request of this.inflight.values()) if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest()
      if (!this.isConnected()) this.destroy()
    }, DEADLINES_SEEN_MS)
  }
}
