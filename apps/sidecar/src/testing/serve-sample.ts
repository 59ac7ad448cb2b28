import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sidecarMetrics } from '../serve-sidecar.js'
import { createSidecarServer } from '../sidecar-server.js'
import { listen, type ListenAddress } from '../address/listen.js'
import { Flags } from '../ofrep/flags.js'
import { EventFeed } from '../push/event-feed.js'
import { PolicyReads } from '../reads/policies.http.js'
import { HeldSample } from './held-sample.js'

export interface SampleSidecar {
  values: HeldSample
  clock: VirtualClock
  feed: EventFeed
  flags: Flags
  server: Server
  port: number
  stop(): Promise<void>
}

/** Starts a side-car for bot inspector-7. The test sets its values and advances its clock. */
export async function serveSample(address: ListenAddress = { port: 0 }): Promise<SampleSidecar> {
  const values = new HeldSample().set({ 'epa-pm25-limit': '1.5.0' }, 4)
  const clock = new VirtualClock()
  const feed = new EventFeed(values, clock)
  const reader = { bot: 'inspector-7', region: undefined }
  const reads = new PolicyReads(values, reader)
  const flags = new Flags(values, reader, clock, async () => [], silentLogger)
  const server = createSidecarServer({
    reads,
    feed,
    flags,
    values,
    metrics: sidecarMetrics(values, () => feed.size + flags.size, { failing: 0 }),
    log: silentLogger,
    overTcp: 'port' in address,
    origins: ['https://dashboard.example'],
  })
  await listen(server, address)
  const bound = server.address() as AddressInfo | string
  return {
    values,
    clock,
    feed,
    flags,
    server,
    port: typeof bound === 'string' ? 0 : bound.port,
    stop: () => {
      feed.close()
      flags.close()
      server.closeAllConnections()
      return new Promise((closed) => server.close(() => closed()))
    },
  }
}
