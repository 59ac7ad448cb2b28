import { parentPort, workerData } from 'node:worker_threads'
import { inspectBot } from '../replay/inspect-bot.js'

// One thread per module, ended by its parent: whatever the module does in there is gone with it.
parentPort?.postMessage(await inspectBot(String(workerData)), [])
