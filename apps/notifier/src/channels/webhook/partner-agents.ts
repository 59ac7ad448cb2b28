import type { Socket } from 'node:net'
import { Agent, buildConnector } from 'undici'
import type { Deployment } from '../../partners/address-guard.js'
import { guardedLookup, type Resolve } from '../../partners/guarded-lookup.js'

/** Connections per origin, one for each worker slot: partners may share a gateway, and partners that hang must not block the others. */
const CONNECTIONS_PER_ORIGIN = 64
const MAX_AGENTS = 64
/** Maximum bytes received on a connection, including interim responses (`103 Early Hints`), which no parser reports. */
const MAX_RECEIVED_BYTES = 1024 * 1024

/** Caches an agent per set of networks, because an agent's lookup uses one set. The least recently used agent closes after its requests. */
export class PartnerAgents {
  private readonly agents = new Map<string, Agent>()

  constructor(
    private readonly deployment: Deployment,
    private readonly connectTimeoutMs: number,
    private readonly resolve?: Resolve,
  ) {}

  agentFor(networks: readonly string[], onlyNetworks: boolean): Agent {
    const key = JSON.stringify([onlyNetworks, ...[...new Set(networks)].sort()])
    const agent = this.agents.get(key) ?? this.create(networks, onlyNetworks)
    this.agents.delete(key)
    this.agents.set(key, agent)
    const [oldest] = this.agents
    if (oldest && this.agents.size > MAX_AGENTS) {
      this.agents.delete(oldest[0])
      void oldest[1].close()
    }
    return agent
  }

  async close(): Promise<void> {
    const open = [...this.agents.values()]
    this.agents.clear()
    await Promise.all(open.map((agent) => agent.destroy()))
  }

  private create(networks: readonly string[], onlyNetworks: boolean): Agent {
    const lookup = guardedLookup(networks, this.deployment, { onlyNetworks, resolve: this.resolve })
    const connector = buildConnector({ lookup, timeout: this.connectTimeoutMs })
    return new Agent({
      connections: CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      connect: (options, callback) =>
        connector(options, (...outcome) => {
          if (outcome[0] === null) boundReceived(outcome[1])
          callback(...outcome)
        }),
    })
  }
}

/** Destroys a connection that receives more than `MAX_RECEIVED_BYTES`. */
function boundReceived(socket: Socket): void {
  socket.on('readable', () => {
    if (socket.bytesRead > MAX_RECEIVED_BYTES)
      // guard: interim-answers
      socket.destroy(new Error(`the answer is larger than ${MAX_RECEIVED_BYTES / 1024 / 1024} MiB, interim answers included`))
  })
}
