import { createRequire } from 'node:module'

/** kafkajs has one for each connection. `pending`: requests that it may not send yet. */
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

/** A request waits so much longer for its answer at most. Its patience is 15 s. */
const DEADLINES_SEEN_MS = 1_000

let areQuiet = false

/**
 * kafkajs 2.2.4 looks for waiting requests by a timer that starts itself again, without a pause where nothing waits: a thousand times a
 * second for each connection, for as long as it is open. A request that has to wait starts the timer itself, so an empty queue needs none.
 * Ten times a second it looks for requests that got no answer in time; here once. The first call changes all queues of the process.
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
