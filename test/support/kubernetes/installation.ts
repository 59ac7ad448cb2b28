import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { EDGE_PORT, SERVICE_PORTS, SERVICES, WITNESS_PORT } from '#libs/contracts'
import { createKafka } from '#libs/messaging'
import { startPostgres } from '#libs/persistence'
import { silentLogger } from '#libs/platform'
import { makeCertificates } from '../broker/certificates.js'
import { killWithParent } from '../broker/parent-watch.js'
import { ADMIN } from '../broker/server-properties.js'
import { startKafka, type TestBroker } from '../broker/start-kafka.js'
import { freePort, hms, scratchFolder, until, type Finished } from '../processes.js'
import { writeRoster } from '../production-system.js'
import { isWorkload, type Manifest, type PodVolume, type Workload } from './manifests.js'
import { actAsCloudNativePg, actAsStrimzi, runGrants } from './operators.js'
import { dataOf, Pod, portVariable, type Surroundings } from './pod.js'

const PORTS: Record<string, number> = { ...SERVICE_PORTS, edge: EDGE_PORT, witness: WITNESS_PORT }
const SERVED = [...SERVICES, 'edge', 'witness']
const READY_MS = 300_000

/**
 * The rendered overlay `prod` on this machine, with one broker that speaks TLS and asks for ACLs, and a PostgreSQL that speaks TLS: what
 * operators would do is done here from their custom resources, what people would do from the page about it, and each workload runs as a
 * process by its own manifest.
 */
export class KubernetesInstallation {
  private readonly pods = new Map<string, Pod>()
  private readonly cleanups: (() => Promise<void>)[] = []
  private readonly scratch = scratchFolder()
  private readonly ports = new Map<string, number>()
  private around!: Surroundings
  private brokers: TestBroker | undefined

  constructor(private readonly manifests: readonly Manifest[]) {}

  get folder(): string {
    return this.scratch.path
  }

  get url(): string {
    return `http://127.0.0.1:${this.ports.get('edge')}`
  }

  get broker(): TestBroker {
    return this.brokers!
  }

  /** Keys, roster, Secrets, broker and database; nothing of ours runs yet. */
  async prepare(): Promise<void> {
    const secrets = this.makeSecrets()
    const users = this.manifests.filter(({ kind }) => kind === 'KafkaUser').map(({ metadata }) => metadata.name)
    for (const user of users) secrets.set(user, { password: `${user}-secret` })
    const logins = Object.fromEntries(users.map((user) => [user, `${user}-secret`]))
    const [broker, database] = await Promise.all([startKafka({ users: logins, tls: true }), this.startDatabase()])
    this.brokers = broker
    this.cleanups.push(() => broker.stop())
    secrets.set('hms-kafka-cluster-ca-cert', { 'ca.crt': readFileSync(broker.ca!, 'utf8') })
    secrets.set('hms-postgres-ca', { 'ca.crt': readFileSync(database.ca, 'utf8') })
    await writeRoster(this.at, this.people)
    for (const name of [...SERVICES, 'audit-log', 'witness'])
      secrets.set(`hms-${name}-key`, { 'key.pem': readFileSync(this.at(`service-keys/${name}.pem`), 'utf8') })
    secrets.set('hms-notifier-secrets', { keys: `${randomBytes(32).toString('base64')}\n` })
    for (const name of SERVED) this.ports.set(name, await freePort())
    const passwordOf = (secret: string): string => dataOf(secrets, secret)['password']!
    await actAsStrimzi(this.kafkaAdmin(), this.manifests)
    await actAsCloudNativePg(database.url, this.manifests, passwordOf)
    const address = new URL(database.url)
    this.around = this.surroundings(secrets, `127.0.0.1:${address.port}`)
    this.grants = () =>
      runGrants(Object.assign(address, { username: 'hms_migrate', password: passwordOf('hms-migrate-database') }).href, this.manifests)
  }

  /** As the Job after `migrate` does with psql. */
  grants!: () => Promise<void>

  kafkaAdmin() {
    const ca = readFileSync(this.broker.ca!, 'utf8')
    const sasl = { mechanism: 'scram-sha-512' as const, ...ADMIN }
    return createKafka({ brokers: this.broker.brokers, clientId: 'operator', sasl, ssl: { ca } }, silentLogger)
  }

  /** Runs a Job until it succeeds, as often as it says: what operators have made counts a moment later. */
  async runJob(name: string): Promise<{ code: number | NodeJS.Signals; output: string }> {
    const job = this.workload(name)
    const { backoffLimit } = job.spec as unknown as { backoffLimit: number }
    for (let tries = 0; ; tries++) {
      const pod = Pod.start(job, this.around)
      const code = await pod.exited
      if (code === 0 || tries === backoffLimit) return { code, output: pod.output }
    }
  }

  start(name: string): Pod {
    const pod = Pod.start(this.workload(`hms-${name}`), this.around)
    this.pods.set(name, pod)
    return pod
  }

  /** Every workload that serves, until each is ready by its own probe. */
  async startAll(): Promise<void> {
    for (const name of ['witness', ...SERVICES, 'edge']) this.start(name)
    const ready = async (): Promise<boolean> => {
      const answers = await Promise.all([...this.pods.values()].map((pod) => pod.answers(pod.container.readinessProbe)))
      return answers.every(Boolean)
    }
    await until('every pod is ready', ready, READY_MS).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\n${this.lastWords()}`, { cause: error })
    })
  }

  all(): Pod[] {
    return [...this.pods.values()]
  }

  pod(name: string): Pod {
    return this.pods.get(name)!
  }

  lastWords(): string {
    return this.all()
      .map(({ name, ended, output }) => `${name}${ended ? ' (ended)' : ''}: ${output.slice(-600)}`)
      .join('\n')
  }

  /** One command of a person, or of a program with this key. */
  hms(argv: string[], token?: string): Promise<Finished> {
    return hms(argv, { ...this.people, HMS_URL: this.url, ...(token === undefined ? {} : { HMS_TOKEN: token }) })
  }

  async stop(): Promise<void> {
    await Promise.all(this.all().map((pod) => pod.stop('SIGKILL')))
    for (const cleanup of this.cleanups.toReversed()) await cleanup()
    this.scratch.remove()
  }

  readonly at = (name: string): string => join(this.scratch.path, name)

  private get people(): Record<string, string> {
    return {
      HMS_PROFILE: 'production',
      HMS_ROSTER: this.at('roster.json'),
      HMS_DATA_DIR: this.at('operator'),
      HMS_KEYS_DIR: this.at('keys'),
      HMS_KEY_PASSPHRASE: 'correct horse battery',
    }
  }

  private workload(name: string): Workload {
    return this.manifests.find((manifest): manifest is Workload => isWorkload(manifest) && manifest.metadata.name === name)!
  }

  /** Logins of the database, as step 4 of the page makes them. */
  private makeSecrets(): Map<string, Record<string, string>> {
    const roles = ['migrate', ...SERVICES]
    return new Map(
      roles.map((role) => [`hms-${role}-database`, { username: `hms_${role.replaceAll('-', '_')}`, password: `${role.length}c0ffee` }]),
    )
  }

  private async startDatabase(): Promise<{ url: string; ca: string }> {
    const folder = mkdtempSync(this.at('postgres-'))
    chmodSync(folder, 0o755)
    const settings = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', max_connections: '150' }
    const server = await startPostgres({ folder, settings })
    const callOff = killWithParent(server.pid)
    this.cleanups.push(async () => {
      await server.stop()
      callOff()
    })
    const certificates = mkdtempSync(this.at('certificates-'))
    const ca = await makeCertificates(certificates)
    await turnTlsOn(server.url, certificates)
    return { url: server.url, ca }
  }

  private surroundings(secrets: Map<string, Record<string, string>>, database: string): Surroundings {
    const configMaps = new Map(
      this.manifests.filter(({ kind }) => kind === 'ConfigMap').map(({ metadata, data = {} }) => [metadata.name, data]),
    )
    configMaps.set('hms-roster', { 'roster.json': readFileSync(this.at('roster.json'), 'utf8') })
    const places: [name: string, place: string][] = [
      ['hms-kafka-kafka-bootstrap:9093', this.broker.brokers[0]!],
      ['hms-postgres-rw:5432', database],
      ...SERVED.map((name): [string, string] => [`hms-${name}:${PORTS[name]}`, `127.0.0.1:${this.ports.get(name)}`]),
    ]
    return {
      configMaps,
      secrets,
      folderOf: (volume, pod) => this.folderOf(volume, pod, configMaps, secrets),
      located: (text) => places.reduce((result, [name, place]) => result.replaceAll(name, place), text),
      overrides: (component) => ({
        // Where a pod has an address of its own, a process of this machine has loopback and a port; and there is one broker.
        HMS_HOST: '127.0.0.1',
        HMS_KAFKA_REPLICATION: '1',
        ...(this.ports.has(component) ? { [portVariable(component)]: String(this.ports.get(component)) } : {}),
      }),
    }
  }

  /** Secrets and ConfigMaps belong to root and are read by the pod's group; what may be written to belongs to the group. */
  private folderOf(volume: PodVolume, pod: string, configMaps: Surroundings['configMaps'], secrets: Surroundings['secrets']): string {
    const folder = this.at(`volumes/${pod}/${volume.name}`)
    mkdirSync(folder, { recursive: true })
    const { fsGroup } = this.workload(pod).spec.template.spec.securityContext as { fsGroup: number }
    chownSync(folder, 0, fsGroup)
    chmodSync(folder, 0o2775)
    const { secret, configMap } = volume
    if (secret === undefined && configMap === undefined) return folder
    const data = secret === undefined ? dataOf(configMaps, configMap!.name) : dataOf(secrets, secret.secretName)
    const items = secret?.items ?? Object.keys(data).map((key) => ({ key, path: key }))
    for (const { key, path } of items) {
      const text = data[key]
      if (text === undefined) throw new Error(`${pod}: ${secret?.secretName ?? configMap!.name} has no ${key}`)
      writeFileSync(join(folder, path), text)
      chownSync(join(folder, path), 0, fsGroup)
      // The kubelet lets the group read, whatever mode the manifest asks for.
      chmodSync(join(folder, path), (secret === undefined ? 0o644 : (secret.defaultMode ?? 0o644)) | 0o440)
    }
    return folder
  }
}

/** The server takes its certificate without a restart; those without TLS may still connect. */
async function turnTlsOn(url: string, certificates: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    const { uid, gid } = statSync(rows[0]!.data_directory)
    for (const [from, to] of [
      ['broker.pem', 'server.crt'],
      ['broker.key', 'server.key'],
    ] as const) {
      const file = join(rows[0]!.data_directory, to)
      writeFileSync(file, readFileSync(join(certificates, from)), { mode: 0o600 })
      chownSync(file, uid, gid)
    }
    await client.query('ALTER SYSTEM SET ssl = on')
    await client.query('SELECT pg_reload_conf()')
  } finally {
    await client.end()
  }
}
