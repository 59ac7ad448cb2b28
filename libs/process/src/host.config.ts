import { EDGE_PORT, HmsError, SERVICE_PORTS, type ServiceName } from '#libs/contracts'
import { configInvalid, isIntegerText, listOf, parseEnvironment, toList, type Environment, type LogLevel } from '#libs/platform'
import { IsIn, IsOptional, IsString, Matches } from 'class-validator'

export type Profile = 'dev' | 'production'

/** Settings that every process of HMS-SVC reads from its environment. */
export class HostConfig {
  @IsIn(['dev', 'production']) profile: Profile = 'production'
  @IsIn(['embedded', 'kafka']) bus: 'embedded' | 'kafka' = 'embedded'
  @IsString() dataDir = '.hms'
  @IsString() host = '127.0.0.1'
  @isIntegerText(0, 65_535) port: number = EDGE_PORT

  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'databaseUrl must begin with postgres://' })
  databaseUrl?: string

  @IsOptional() @IsString() databasePasswordFile?: string

  @IsOptional()
  @toList
  @Matches(/^[^:,\s]+:\d+$/, { each: true, message: 'kafkaBrokers must be a list of host:port' })
  kafkaBrokers?: string[]

  @IsOptional() @isIntegerText(1, 15) kafkaReplication?: number
  @IsIn(['silent', 'error', 'warn', 'info', 'debug']) logLevel: LogLevel = 'warn'

  @IsOptional()
  @toList
  @Matches(/^https?:\/\//, { each: true, message: 'configStoreUrls must be a list of http URLs' })
  configStoreUrls?: string[]

  /** Base URL of an OpenTelemetry collector, for traces. */
  @IsOptional()
  @Matches(/^https?:\/\//, { message: 'otlpEndpoint must be an http URL' })
  otlpEndpoint?: string

  /** Access to `/metrics`: `public`, or `key` for clients with a key of scope `read`. */
  @IsIn(['public', 'key']) metrics: 'public' | 'key' = 'public'
  @IsOptional() @IsString() roster?: string

  /** Contacts of `security.txt` (RFC 9116). */
  @IsOptional()
  @toList
  @Matches(/^(mailto:|https:\/\/|tel:)[!-~]+$/, {
    each: true,
    message: 'securityContact must be a list of mailto:, https:// or tel: addresses',
  })
  securityContact?: string[]
}

export function readHostConfig(env: Environment): HostConfig {
  return parseEnvironment(
    HostConfig,
    {
      profile: 'HMS_PROFILE',
      bus: 'HMS_BUS',
      dataDir: 'HMS_DATA_DIR',
      host: 'HMS_HOST',
      port: 'HMS_PORT',
      databaseUrl: 'HMS_DATABASE_URL',
      databasePasswordFile: 'HMS_DATABASE_PASSWORD_FILE',
      kafkaBrokers: 'HMS_KAFKA_BROKERS',
      kafkaReplication: 'HMS_KAFKA_REPLICATION',
      logLevel: 'HMS_LOG_LEVEL',
      configStoreUrls: 'HMS_CONFIG_STORE_URLS',
      otlpEndpoint: 'HMS_OTLP_ENDPOINT',
      metrics: 'HMS_METRICS',
      roster: 'HMS_ROSTER',
      securityContact: 'HMS_SECURITY_CONTACT',
    },
    env,
  )
}

/** Returns the settings with each invalid one at its default: for readers that depend on one, and report what else is wrong. */
export function usableHostConfig(env: Environment): HostConfig {
  try {
    return readHostConfig(env)
  } catch (error) {
    if (!(error instanceof HmsError)) throw error
    const wrong = new Set(error.errors.map(({ pointer }) => pointer))
    return readHostConfig(Object.fromEntries(Object.entries(env).filter(([name]) => !wrong.has(name))))
  }
}

/** Returns the replication factor: as configured, else three in production and one on a developer's machine. */
export function replicationOf({ profile, kafkaReplication }: Pick<HostConfig, 'profile' | 'kafkaReplication'>): number {
  return kafkaReplication ?? (profile === 'production' ? 3 : 1)
}

/** Returns the host name, besides loopback, that profile dev accepts; `undefined` in production, which trusts no network location. */
export function localNameOf(profile: Profile, env: Environment): string | undefined {
  return profile === 'dev' ? readHostConfig(env).host : undefined
}

/** Returns the name of a service's variable, such as `HMS_CANARY_CONTROLLER_PORT`. */
export function variableOf(service: ServiceName, name: string): string {
  return `HMS_${service.toUpperCase().replaceAll('-', '_')}_${name}`
}

/** Returns the port of a service in distributed mode. */
export function portOf(service: ServiceName, env: Environment): number {
  const variable = variableOf(service, 'PORT')
  const text = env[variable]
  if (text === undefined || text === '') return SERVICE_PORTS[service]
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw configInvalid(`${variable} must be a port, 0 to 65535, not ${text}.`)
}

/** Returns the base URLs under which the edge and other services call a service's instances. */
export function urlsOf(service: ServiceName, env: Environment): string[] {
  const text = env[variableOf(service, 'URLS')]
  if (text === undefined || text === '') return [`http://127.0.0.1:${portOf(service, env)}`]
  return listOf(text).map((url) => url.replace(/\/$/, ''))
}
