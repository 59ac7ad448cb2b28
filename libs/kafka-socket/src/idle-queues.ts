import { createRequire } from 'node:module'

/** kafkajs has one for each connection. `pending`: requests that it may not send yet. */
interface RequestQueue {
  pending: unknown[]
  scheduleCheckPendingRequests(): void
}

let areQuiet = false

/**
 * kafkajs 2.2.4 looks for waiting requests by a timer that starts itself again, without a pause where nothing waits: a thousand times a
 * second for each connection, for as long as it is open. Nine idle processes took a quarter of a core with it (`npm run bench -- idle`).
 * A request that has to wait starts the timer itself, so an empty queue needs none. The first call changes all queues of the process.
 */
export function quietIdleQueues(): void {
  if (areQuiet) return
  areQuiet = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }
  const schedule = prototype.scheduleCheckPendingRequests
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this)
  }
}
