import { createRequire } from 'node:module'

/** What kafkajs keeps for each connection: requests that wait for their turn. */
interface RequestQueue {
  pending: unknown[]
  scheduleCheckPendingRequests(): void
}

let areQuiet = false

/**
 * kafkajs 2.2.4 looks for waiting requests by a timer that starts itself again, without a pause where nothing waits: a thousand times a
 * second for each connection, for as long as it is open. Nine idle processes took a quarter of a core with it (`npm run bench -- idle`).
 * Who puts a request in the queue starts the timer too, so with nothing in it there is nothing to look for. Once for the process is enough.
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
