import { parentPort } from 'node:worker_threads'
import { replayAndTry, type Replayed, type ReplayTask } from './replay.js'
import type { ThreadReply } from './sandbox-thread.js'

function reply(value: ThreadReply<Replayed>): void {
  parentPort?.postMessage(value, [])
}

// No deadline here: the parent terminates the thread, which also ends a native call that no interrupt reaches.
parentPort?.on('message', (task: ReplayTask) => {
  replayAndTry(task, { starting: (bot) => reply({ starting: bot }) }).then(
    (report) => reply({ report }),
    (error: unknown) => reply({ failure: error instanceof Error ? error.message : String(error) }),
  )
})
