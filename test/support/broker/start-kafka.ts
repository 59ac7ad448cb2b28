import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BrokerProcess, format } from './broker-process.js'
import { makeCertificates } from './certificates.js'
import { freePorts } from './free-ports.js'
import { kafkaJars } from './kafka-jars.js'
import { ADMIN, serverProperties, type SoldListener } from './server-properties.js'
import { untilReady } from './until-ready.js'

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

/**
 * A real Apache Kafka for tests: one node on 127.0.0.1, ready when it answers a Metadata request with a controller. With `users` (name to
 * password) everybody logs in by SCRAM-SHA-512 and may do what ACLs say, and nothing else; `ADMIN` is the super user; with `tls` they do
 * so over TLS. Ready is not "every topic usable": the first sends to a new topic may meet NOT_LEADER, which kafkajs retries.
 */
export async function startKafka(
  options: {
    dir?: string
    port?: number
    advertisedPort?: number
    users?: Readonly<Record<string, string>>
    tls?: boolean
    /** Further listeners, of a broker whose first one needs no login. */
    sold?: readonly SoldListener[]
    /** SCRAM credentials of further listeners, such as `SCRAM-SHA-256=[name=hms,password=secret]`. */
    scram?: readonly string[]
  } = {},
): Promise<TestBroker> {
  const jars = await kafkaJars()
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'hms-kafka-'))
  mkdirSync(dir, { recursive: true })
  const ca = options.tls === true ? await makeCertificates(dir) : undefined
  const [client, controller] = (await freePorts(2, options.port)) as [number, number]
  writeFileSync(
    join(dir, 'server.properties'),
    serverProperties({
      client,
      controller,
      advertised: options.advertisedPort,
      secured: options.users !== undefined,
      tls: options.tls,
      sold: options.sold,
    }),
  )
  const users = options.users === undefined ? undefined : { ...options.users, [ADMIN.username]: ADMIN.password }
  await format(dir, jars, { users, scram: options.scram })
  const brokers = [`127.0.0.1:${client}`]
  const run = async () => {
    const started = await BrokerProcess.start(dir, jars)
    await untilReady(started, brokers, { secured: users !== undefined, ca })
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
      await format(dir, jars, { users })
      broker = await run()
    },
    async stop() {
      await broker.stop()
      if (!options.dir) rmSync(dir, { recursive: true, force: true })
    },
  }
}
