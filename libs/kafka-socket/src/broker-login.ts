import { readFileSync, statSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { createSecureContext, type ConnectionOptions, type SecureContext } from 'node:tls'
import { command, HmsError } from '#libs/contracts'
import { ClientCredentials } from './client-credentials.js'

const MAX_FILE_BYTES = 1024 * 1024
const SASL_FORM = 'plain:user:password, scram-sha-512:user:password, scram-sha-256:… or oauthbearer:client:secret'

type Environment = Readonly<Record<string, string | undefined>>

type SaslLogin =
  | ({ username: string; password: string } & ({ mechanism: 'plain' } | { mechanism: 'scram-sha-256' } | { mechanism: 'scram-sha-512' }))
  | { mechanism: 'oauthbearer'; oauthBearerProvider: () => Promise<{ value: string; extensions: Record<string, string> }> }

/** Reads `HMS_KAFKA_SASL`, or the file `HMS_KAFKA_SASL_FILE`, and `HMS_KAFKA_OAUTH_…`. Throws `HMS_CONFIG_INVALID` (400). */
export function readSasl(env: Environment): SaslLogin | undefined {
  const file = readSmall('HMS_KAFKA_SASL_FILE', env['HMS_KAFKA_SASL_FILE']?.trim() || undefined)
  if (file !== undefined && env['HMS_KAFKA_SASL']) throw invalid('HMS_KAFKA_SASL and HMS_KAFKA_SASL_FILE are set: unset one')
  const text = file?.toString().replace(/\r?\n$/, '') ?? env['HMS_KAFKA_SASL']
  if (!text) return undefined
  // A password may contain any character; it is neither trimmed nor reported.
  const [, name, username = '', password = ''] = /^(plain|scram-sha-(?:256|512)|oauthbearer):([^:]+):(.+)$/is.exec(text) ?? []
  if (name === undefined) throw invalid(`HMS_KAFKA_SASL${file === undefined ? '' : '_FILE'} must look like ${SASL_FORM}`)
  const mechanism = name.toLowerCase() as SaslLogin['mechanism']
  if (mechanism !== 'oauthbearer') return { mechanism, username, password } as SaslLogin
  const extensions = readExtensions(env['HMS_KAFKA_OAUTH_EXTENSIONS'])
  const tokens = new ClientCredentials({
    tokenUrl: readTokenUrl(env['HMS_KAFKA_OAUTH_TOKEN_URL']),
    client: username,
    secret: password,
    scope: env['HMS_KAFKA_OAUTH_SCOPE'],
    audience: env['HMS_KAFKA_OAUTH_AUDIENCE'],
  })
  return { mechanism, oauthBearerProvider: async () => ({ value: await tokens.get(), extensions }) }
}

function readTokenUrl(text = ''): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url?.protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname) // guard: kafka-token-https
  if (url === undefined || url.username !== '' || !(url.protocol === 'https:' || isLocal))
    throw invalid('HMS_KAFKA_OAUTH_TOKEN_URL must be an https URL, or http on loopback, for HMS_KAFKA_SASL=oauthbearer:…')
  return url
}

/** Reads SASL extensions (RFC 7628, section 3.1), such as `logicalCluster=lkc-1,identityPoolId=pool-2`. */
function readExtensions(text = ''): Record<string, string> {
  const pairs = text === '' ? [] : text.split(',').map((pair) => /^\s*(?!auth=)([A-Za-z]+)=([\x21-\x7e]+)\s*$/.exec(pair))
  if (!pairs.every((pair) => pair !== null)) throw invalid('HMS_KAFKA_OAUTH_EXTENSIONS must look like name=value,name=value')
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value]))
}

/** Reads `HMS_KAFKA_TLS`, `_CA`, `_CERT` and `_KEY`: TLS is used if one is set. Renewed files are read again at each connection. */
export function readTls(env: Environment): ConnectionOptions | undefined {
  const [tls, ca, cert, key] = ['TLS', 'CA', 'CERT', 'KEY'].map((name) => env[`HMS_KAFKA_${name}`]?.trim() || undefined)
  if (tls !== undefined && tls !== 'true') throw invalid('HMS_KAFKA_TLS must be true or unset')
  if ((cert === undefined) !== (key === undefined)) throw invalid('HMS_KAFKA_CERT and HMS_KAFKA_KEY must be set together')
  if ((tls ?? ca ?? cert) === undefined) return undefined
  const read = (): SecureContext => {
    const authority = readSmall('HMS_KAFKA_CA', ca)
    // Node ignores an authority that is not a certificate.
    if (authority !== undefined) void new X509Certificate(authority)
    return createSecureContext({ ca: authority, cert: readSmall('HMS_KAFKA_CERT', cert), key: readSmall('HMS_KAFKA_KEY', key) })
  }
  let current: SecureContext
  try {
    current = read()
  } catch (error) {
    if (error instanceof HmsError) throw error
    const named = Object.entries({ HMS_KAFKA_CA: ca, HMS_KAFKA_CERT: cert, HMS_KAFKA_KEY: key }).filter(([, path]) => path !== undefined)
    throw invalid(`${named.map(([name]) => name).join(', ')} must be PEM files that fit: ${(error as Error).message}`, error)
  }
  return {
    // kafkajs passes this object to the socket factory, which reads the member at each connection.
    get secureContext() {
      try {
        current = read()
      } catch {
        // In the middle of a renewal, the certificate and the key may differ.
      }
      return current
    },
  }
}

function readSmall(name: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined
  try {
    const found = statSync(path)
    if (!found.isFile() || found.size > MAX_FILE_BYTES) throw new Error('it is not a file of up to 1 MiB')
    return readFileSync(path)
  } catch (error) {
    throw invalid(`${name} cannot be read: ${(error as Error).message}`, error)
  }
}

export function invalid(detail: string, cause?: unknown): HmsError {
  return new HmsError('HMS_CONFIG_INVALID', detail, { status: 400, cause, next: [command('help.environment')] })
}
