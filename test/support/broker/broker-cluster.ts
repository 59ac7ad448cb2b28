import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel, type Admin } from 'kafkajs'
import { BrokerProcess, format } from './broker-process.js'
import { freePorts } from './free-ports.js'
import { kafkaJars } from './kafka-jars.js'
import { serverProperties } from './server-properties.js'
import { untilReady } from './until-ready.js'

const WHOLE_MS = 60_000
const POLL_MS = 200

/** One of the brokers, whose process can end as in a crash and come back on its data. */
export class ClusterNode {
  private process: BrokerProcess | undefined

  constructor(
    readonly id: number,
    readonly address: string,
    private readonly dir: string,
    private readonly jars: string[],
  ) {}

  /** 0 before it was started. */
  get pid(): number {
    return this.process?.pid ?? 0
  }

  /** Resolves when it answers and knows of as many brokers. */
  async start(atLeast = 1): Promise<void> {
    this.process = await BrokerProcess.start(this.dir, this.jars)
    await untilReady(this.process, [this.address], { atLeast })
  }

  async kill(): Promise<void> {
    await this.process?.kill()
  }
}

/** Several real brokers on 127.0.0.1, each a controller too: as many copies of each partition as there are brokers, all but one in sync. */
export class BrokerCluster {
  private constructor(
    readonly nodes: readonly ClusterNode[],
    private readonly dir: string,
  ) {}

  static async start(count: number): Promise<BrokerCluster> {
    const jars = await kafkaJars()
    const dir = mkdtempSync(join(tmpdir(), 'hms-cluster-'))
    const ports = await freePorts(2 * count)
    const controllers = ports.slice(count)
    const nodes = controllers.map((controller, index) => {
      const folder = join(dir, String(index + 1))
      mkdirSync(folder)
      const client = ports[index]!
      const properties = serverProperties({ client, controller, cluster: { node: index + 1, controllers } })
      writeFileSync(join(folder, 'server.properties'), properties)
      return { folder, node: new ClusterNode(index + 1, `127.0.0.1:${client}`, folder, jars) }
    })
    const cluster = new BrokerCluster(
      nodes.map(({ node }) => node),
      dir,
    )
    await Promise.all(nodes.map(({ folder }) => format(folder, jars, { controllers })))
    await Promise.all(cluster.nodes.map((node) => node.start(count)))
    return cluster
  }

  get brokers(): string[] {
    return this.nodes.map(({ address }) => address)
  }

  /** Resolves when every copy of every partition is in sync again, those of Kafka's own topics too. */
  async whole(): Promise<void> {
    await this.asAdmin(async (admin) => {
      for (const end = Date.now() + WHOLE_MS; Date.now() < end; await delay(POLL_MS)) {
        const { topics } = await admin.fetchTopicMetadata().catch(() => ({ topics: [] }))
        const partitions = topics.flatMap((topic) => topic.partitions)
        if (partitions.length > 0 && partitions.every(({ isr, replicas }) => isr.length === replicas.length)) return
      }
      throw new Error(`some copy is not in sync after ${WHOLE_MS} ms`)
    })
  }

  async asAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new Kafka({ brokers: this.brokers, logLevel: logLevel.NOTHING, retry: { retries: 20, maxRetryTime: 1_000 } }).admin()
    await admin.connect()
    try {
      return await work(admin)
    } finally {
      await admin.disconnect()
    }
  }

  /** Killed, not stopped: the last of them would wait in vain for a quorum. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()))
    rmSync(this.dir, { recursive: true, force: true })
  }
}
