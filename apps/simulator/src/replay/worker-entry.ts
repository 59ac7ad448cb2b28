import { parentPort } from 'node:worker_threads'
import type { ReplayReport } from './report.js'
import { replay, type ReplayTask } from './replay.js'
import type { ThreadReply } from './sandbox-thread.js'

function reply(value: ThreadReply<ReplayReport>): void {
  parentPort?.postMessage(value, [])
}

// No deadline here: the parent terminates the thread, which also ends a native call that no interrupt reaches.
parentPort?.on('message', (task: ReplayTask) => {
  replay(task, { starting: (bot) => reply({ starting: bot }) }).then(
    (report) => reply({ report }),
    (error: unknown) => reply({ failure: error instanceof Error ? error.message : String(error) }),
  )
})
