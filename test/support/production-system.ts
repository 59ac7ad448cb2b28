import { variableOf } from '#libs/process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { ADMIN } from './broker/server-properties.js'
import { startKafka } from './broker/start-kafka.js'
import { freshDatabase } from './postgres.js'
import { freePort, hms, ready, scratchFolder, Served, until, type Finished } from './processes.js'

/** The people of the installation; the last one writes policies. */
export const PEOPLE = ['Air Director', 'Air Counsel', 'Air Office'] as const

/**
 * An installation in profile production, set up as its operator would: keys made by their holders, a first roster signed offline, a
 * broker with TLS that denies everything without an ACL, eight services, the edge, and a witness with a folder of its own.
 */
export class ProductionSystem {
  private constructor(
    readonly folder: string,
    readonly url: string,
    /** Environment of people and programs: its address and the roster that they trust. */
    readonly env: Record<string, string>,
    readonly cleanup: () => Promise<void>,
  ) {}

  /** `makeRoster`: writes `roster.json` and `service-keys/` into the folder; by default `writeRoster`. */
  static async start(makeRoster: MakeRoster = writeRoster): Promise<ProductionSystem> {
    const scratch = scratchFolder()
    const users = Object.fromEntries(SERVICES.map((service) => [`hms-${service}`, `${service}-secret`]))
    const [broker, database, port, witnessPort] = await Promise.all([
      startKafka({ users, tls: true }),
      freshDatabase(),
      freePort(),
      freePort(),
    ])
    const at = (name: string): string => join(scratch.path, name)
    const people = { HMS_KEYS_DIR: at('keys'), HMS_KEY_PASSPHRASE: 'correct horse battery' }
    const url = `http://127.0.0.1:${port}`
    const env = { HMS_PROFILE: 'production', HMS_URL: url, HMS_ROSTER: at('roster.json'), HMS_DATA_DIR: at('operator'), ...people }
    await makeRoster(at, env)
    const server: Record<string, string> = {
      HMS_PROFILE: 'production',
      HMS_BUS: 'kafka',
      HMS_KAFKA_BROKERS: broker.brokers.join(','),
      HMS_KAFKA_REPLICATION: '1',
      HMS_KAFKA_CA: broker.ca!,
      HMS_DATABASE_URL: database.url,
      HMS_ROSTER: at('roster.json'),
      HMS_PORT: String(port),
      HMS_TRANSPARENCY_LOG_KEY_FILE: at('service-keys/audit-log.pem'),
      HMS_AUDIT_WITNESS_URLS: `watchdog.example/w1=http://127.0.0.1:${witnessPort}`,
    }
    for (const service of SERVICES) {
      const own = await freePort()
      server[variableOf(service, 'PORT')] = String(own)
      server[variableOf(service, 'URLS')] = `http://127.0.0.1:${own}`
      server[variableOf(service, 'KEY_FILE')] = at(`service-keys/${service}.pem`)
    }
    const operator = { ...server, HMS_KAFKA_SASL: `scram-sha-512:${ADMIN.username}:${ADMIN.password}`, HMS_DATA_DIR: at('operator') }
    for (const verb of [['migrate'], ['topics', 'apply']]) require0(verb, await hms(verb, operator))
    const served: Served[] = []
    const serve = (name: ServiceName | 'edge' | 'witness', own: Record<string, string>): void => {
      served.push(Served.start(['serve', name], { ...server, HMS_DATA_DIR: at(`data-${name}`), ...own }))
    }
    const system = new ProductionSystem(scratch.path, url, env, async () => {
      await Promise.all(served.map((process) => process.stop()))
      await broker.stop()
      await database.drop()
      scratch.remove()
    })
    serve('witness', {
      HMS_WITNESS_PORT: String(witnessPort),
      HMS_WITNESS_KEY_FILE: at('service-keys/witness.pem'),
      HMS_WITNESS_DIR: at('watchdog'),
    })
    for (const service of SERVICES) serve(service, { HMS_KAFKA_SASL: `scram-sha-512:hms-${service}:${service}-secret` })
    serve('edge', {})
    try {
      await until('eight services behind one port are ready', () => ready(url), 220_000)
    } catch (error) {
      const said = served.map(({ output }) => output.trim()).filter((output) => output !== '')
      await system.cleanup()
      throw new Error(`${(error as Error).message}\n${said.join('\n')}`, { cause: error })
    }
    return system
  }

  /** Runs one command, with a key or as an anonymous client. */
  hms(argv: string[], token?: string): Promise<Finished> {
    return hms(argv, { ...this.env, ...(token === undefined ? {} : { HMS_TOKEN: token }) })
  }

  stop(): Promise<void> {
    return this.cleanup()
  }
}

type MakeRoster = (at: (name: string) => string, env: Record<string, string>) => Promise<void>

/**
 * Keys of people by the CLI, those of services as any PKCS#8 file, and the roster that names them, signed by two people without any
 * service.
 */
export async function writeRoster(at: (name: string) => string, env: Record<string, string>): Promise<void> {
  mkdirSync(at('service-keys'))
  const person = async (name: string): Promise<[string, unknown]> => {
    require0(['keys', 'create'], await hms(['keys', 'create', '--name', name], env))
    const { spki } = JSON.parse((await hms(['keys', 'export', name, '--json'], env)).stdout) as { spki: string }
    return [idOf(name), { name, kind: 'person', keys: [{ spki }] }]
  }
  const keyFile = (name: string): string => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    writeFileSync(at(`service-keys/${name}.pem`), privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
    return publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
  }
  const people = await Promise.all(PEOPLE.map(person))
  const [director, counsel] = PEOPLE.map(idOf)
  const roster = {
    version: 1,
    profile: 'production',
    expires: '2036-01-01T00:00:00Z',
    principals: Object.fromEntries([
      ...people,
      ...SERVICES.map((name) => [name, { name, kind: 'service', keys: [{ spki: keyFile(name) }] }]),
    ]),
    roles: [
      { name: 'keepers', principals: [director, counsel], threshold: 2, match: { root: true } },
      { name: 'official', principals: PEOPLE.map(idOf), threshold: 1, match: { all: true } },
      { name: 'air', principals: PEOPLE.map(idOf), threshold: 2, match: { tag: 'air' } },
      ...SERVICES.map((service) => ({ name: `service:${service}`, principals: [service], threshold: 1, match: { service } })),
    ],
    log: { name: 'air.example/audit', spki: keyFile('audit-log') },
    witnesses: [{ name: 'watchdog.example/w1', spki: keyFile('witness') }],
    quorum: 1,
  }
  writeFileSync(at('roster.yaml'), JSON.stringify(roster))
  require0(['roster', 'sign'], await hms(['roster', 'sign', at('roster.yaml'), '--sign', 'Air Director', '--out', at('roster.json')], env))
  require0(['roster', 'sign'], await hms(['roster', 'sign', at('roster.json'), '--sign', 'Air Counsel'], env))
}

function idOf(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-')
}

function require0(verb: string[], { code, stderr }: Finished): void {
  if (code !== 0) throw new Error(`${verb.join(' ')} ended with ${code}: ${stderr}`)
}
