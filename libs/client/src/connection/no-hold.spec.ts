import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { SAMPLE_ROSTER_BYTES } from '../testing/sample-trust.js'
import { openConnection } from './connect.js'

/** Server in another thread, so that the open handles of this thread are the client's only. */
const SERVER = `
  const { parentPort } = require('node:worker_threads')
  const { WebSocketServer } = require('ws')
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => parentPort.postMessage(server.address().port))
  server.on('connection', (socket) => socket.send('{"type":"snapshot","revision":1,"documents":[]}'))
`

/** Returns the resources that keep the event loop alive; Node lists no others. */
function held(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCP|TLS|Timeout|Immediate|GetAddrInfo)/.test(name))
    .sort()
}

describe('an open connection', () => {
  it('has no socket and no timer that keeps the process alive', async () => {
    const worker = new Worker(SERVER, { eval: true })
    const [port] = (await once(worker, 'message')) as [number]
    const before = held()
    const connection = await openConnection({ url: `http://127.0.0.1:${port}`, roster: SAMPLE_ROSTER_BYTES })
    // Resources of other tests may have ended in the meantime.
    const added = held()
    for (const name of before) if (added.includes(name)) added.splice(added.indexOf(name), 1)
    expect(added).toEqual([])
    await connection.close()
    await worker.terminate()
  })
})
