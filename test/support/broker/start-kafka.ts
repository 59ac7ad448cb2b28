import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { BrokerProcess, format } from './broker-process.js'
import { makeCertificates } from './certificates.js'
import { kafkaJars } from './kafka-jars.js'
import { ADMIN, serverProperties } from './server-properties.js'

export type TestBroker = {
  brokers: string[]
  /** Path of the authority's certificate, of a broker that speaks TLS alone. */
  ca?: string
  /** Stops in order and removes the data, unless the caller gave the folder. */
  stop(): Promise<void>
  /** Ends the process as a crash would; the data stays for restart(). */
  kill(): Promise<void>
  /** Stops in order if it still runs, and starts on the same port and data; resolves when it is ready. */
  restart(): Promise<void>
  /** A disk that came back empty: killed, without topics and offsets, and started again on the same port. */
  wipe(): Promise<void>
}

const READY_MS = 60_000
const POLL_MS = 50

/**
 * A real Apache Kafka for tests: one node on 127.0.0.1, ready when it answers a Metadata request with a controller. With `users` (name to
 * password) everybody logs in by SCRAM-SHA-512 and may do what ACLs say, and nothing else; `ADMIN` is the super user; with `tls` they do
 * so over TLS. Ready is not "every topic usable": the first sends to a new topic may meet NOT_LEADER, which kafkajs retries.
 */
export async function startKafka(
  options: { dir?: string; port?: number; advertisedPort?: number; users?: Readonly<Record<string, string>>; tls?: boolean } = {},
): Promise<TestBroker> {
  const jars = await kafkaJars()
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'hms-kafka-'))
  mkdirSync(dir, { recursive: true })
  const ca = options.tls === true ? await makeCertificates(dir) : undefined
  const [client, controller] = await freePorts(options.port)
  writeFileSync(
    join(dir, 'server.properties'),
    serverProperties({ client, controller, advertised: options.advertisedPort, secured: options.users !== undefined, tls: options.tls }),
  )
  const users = options.users === undefined ? undefined : { ...options.users, [ADMIN.username]: ADMIN.password }
  await format(dir, jars, users)
  const brokers = [`127.0.0.1:${client}`]
  const run = async () => {
    const started = await BrokerProcess.start(dir, jars)
    await untilReady(started, brokers, users !== undefined, ca)
    return started
  }
  let broker = await run()
  return {
    brokers,
    ca,
    kill: () => broker.kill(),
    async restart() {
      await broker.stop()
      broker = await run()
    },
    async wipe() {
      await broker.kill()
      rmSync(join(dir, 'data'), { recursive: true, force: true })
      await format(dir, jars, users)
      broker = await run()
    },
    async stop() {
      await broker.stop()
      if (!options.dir) rmSync(dir, { recursive: true, force: true })
    },
  }
}

async function untilReady(broker: BrokerProcess, brokers: string[], secured: boolean, ca: string | undefined): Promise<void> {
  const end = Date.now() + READY_MS
  while (Date.now() < end && !broker.exited) {
    if (await answers(brokers, secured, ca)) return
    await delay(POLL_MS)
  }
  const lines = broker.lastLines
  await broker.kill()
  throw new Error(`the broker did not become ready; its last lines:\n${lines}`)
}

async function answers(brokers: string[], secured: boolean, ca: string | undefined): Promise<boolean> {
  const login = secured ? { sasl: { mechanism: 'scram-sha-512' as const, ...ADMIN } } : {}
  const admin = new Kafka({
    brokers,
    ...login,
    ssl: ca === undefined ? false : { ca: readFileSync(ca) },
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  }).admin()
  try {
    await admin.connect()
    const { brokers: known, controller } = await admin.describeCluster()
    return known.length > 0 && controller !== null && controller >= 0
  } catch {
    return false
  } finally {
    await admin.disconnect()
  }
}

/** Both are held open until both are known, so that they differ. */
async function freePorts(wanted = 0): Promise<[client: number, controller: number]> {
  const servers = [createServer(), createServer()]
  const ports = servers.map((server, at) => listening(server, at === 0 ? wanted : 0))
  const [client, controller] = await Promise.all(ports)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return [client ?? 0, controller ?? 0]
}

function listening(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(address && typeof address === 'object' ? address.port : 0)
    })
  })
}
