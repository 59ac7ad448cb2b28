import { parentPort } from 'node:worker_threads'
import { inspectBot } from '../replay/inspect-bot.js'

// No deadline here: the parent terminates the thread, which also ends a native call that no interrupt reaches.
parentPort?.on('message', (source: string) => {
  void inspectBot(source).then((inspected) => parentPort?.postMessage({ report: inspected }, []))
})
