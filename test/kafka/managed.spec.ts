import { execFile } from 'node:child_process'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Kafka } from 'kafkajs'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { HmsError } from '#libs/contracts'
import { readSasl, readTls } from '#libs/kafka-socket'
import { applyTopics, createKafka, diffTopics, KafkaBus } from '#libs/messaging'
import { silentLogger, systemClock, type Logger } from '#libs/platform'
import { followPolicies } from '../../libs/client/src/kafka/index.js'
import { makeCertificates } from '../support/broker/certificates.js'
import { freePort, freePorts } from '../support/broker/free-ports.js'
import { startKafka, type TestBroker } from '../support/broker/start-kafka.js'
import { testIdentity } from '../support/identity.js'
import { freshDatabase } from '../support/postgres.js'
import { hms, scratchFolder, Served } from '../support/processes.js'
import { describeKafka } from './kafka.config.js'

/** Kafka's tool for SCRAM takes no comma. */
const ODD = 'p:a s=s/+é&%w'
const PASSWORDS = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
const JWT_LIFE_S = 12

type Env = Record<string, string>

/** One broker with a listener for each login that managed services offer, and a token endpoint. */
describeKafka('Kafka as managed services offer it', () => {
  const scratch = scratchFolder()
  const at = (name: string): string => join(scratch.path, name)
  let broker: TestBroker
  let issuer: TokenEndpoint
  const ports: Record<string, number> = {}
  const logged: string[] = []

  beforeAll(async () => {
    const [plain, scram, oauth, mtls] = (await freePorts(4)) as [number, number, number, number]
    Object.assign(ports, { plain, scram, oauth, mtls })
    await makeCertificates(scratch.path)
    await clientCertificate('client')
    const keystore = {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': at('keystore.pem'),
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': at('ca.pem'),
    }
    broker = await startKafka({
      scram: [`SCRAM-SHA-256=[name=hms,password="${ODD}"]`, `SCRAM-SHA-512=[name=hms,password="${ODD}"]`],
      sold: [
        {
          name: 'PLAIN',
          port: plain,
          protocol: 'SASL_SSL',
          properties: {
            ...keystore,
            'sasl.enabled.mechanisms': 'PLAIN',
            'plain.sasl.jaas.config': `${PASSWORDS} user_hms="${ODD.replace('é', '\\u00e9')},";`,
          },
        },
        {
          name: 'SCRAM',
          port: scram,
          protocol: 'SASL_PLAINTEXT',
          properties: {
            'sasl.enabled.mechanisms': 'SCRAM-SHA-256,SCRAM-SHA-512',
            'scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
            'scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
          },
        },
        {
          name: 'OAUTH',
          port: oauth,
          protocol: 'SASL_PLAINTEXT',
          properties: {
            'sasl.enabled.mechanisms': 'OAUTHBEARER',
            'oauthbearer.sasl.jaas.config':
              'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker" unsecuredValidatorRequiredScope="kafka";',
            'oauthbearer.connections.max.reauth.ms': '3600000',
          },
        },
        { name: 'MTLS', port: mtls, protocol: 'SSL', properties: { ...keystore, 'ssl.client.auth': 'required' } },
      ],
    })
    await applyTopics(createKafka({ brokers: broker.brokers, clientId: 'test' }, silentLogger), 1)
    issuer = await TokenEndpoint.start()
  }, 120_000)
  afterAll(async () => {
    await broker?.stop()
    await issuer?.stop()
    scratch.remove()
  })

  const ca = { HMS_KAFKA_CA: at('ca.pem') }
  const mtls = { ...ca, HMS_KAFKA_CERT: at('client.pem'), HMS_KAFKA_KEY: at('client.key') }
  const oauth = (secret = 'a-secret'): Env => ({
    HMS_KAFKA_SASL: `oauthbearer:hms-client:${secret}`,
    HMS_KAFKA_OAUTH_TOKEN_URL: issuer.url,
    HMS_KAFKA_OAUTH_SCOPE: 'kafka',
  })

  const logins: [string, string, () => Env][] = [
    ['PLAIN over TLS', 'plain', () => ({ ...ca, HMS_KAFKA_SASL: `plain:hms:${ODD},` })],
    ['SCRAM-SHA-256', 'scram', () => ({ HMS_KAFKA_SASL: `scram-sha-256:hms:${ODD}` })],
    ['SCRAM-SHA-512', 'scram', () => ({ HMS_KAFKA_SASL: `SCRAM-SHA-512:hms:${ODD}` })],
    ['OAUTHBEARER', 'oauth', () => oauth()],
    ['a client certificate', 'mtls', () => mtls],
  ]
  it.each(logins)(
    'services and followers log in by %s',
    async (_what, listener, env) => {
      expect(await diffTopics(open(listener, env()), 1)).toEqual([])
      const follower = await followPolicies({ brokers: [addressOf(listener)], ...optionsOf(env()), roster: await rosterBytes() })
      onTestFinished(() => follower.close())
      expect(follower.ids()).toEqual([])
    },
    60_000,
  )

  const refused: [string, string, () => Env][] = [
    ['another password of PLAIN', 'plain', () => ({ ...ca, HMS_KAFKA_SASL: 'plain:hms:another-secret' })],
    ['another password of SCRAM', 'scram', () => ({ HMS_KAFKA_SASL: 'scram-sha-512:hms:another-secret' })],
    ['a mechanism that the broker lacks', 'scram', () => ({ HMS_KAFKA_SASL: 'plain:hms:another-secret' })],
    ['a secret that the token endpoint refuses', 'oauth', () => oauth('another-secret')],
    ['a token that the broker refuses', 'oauth', () => ({ ...oauth(), HMS_KAFKA_OAUTH_SCOPE: 'other' })],
    ['no client certificate', 'mtls', () => ca],
  ]
  it.each(refused)(
    '%s ends in HMS_BROKER_LOGIN, without a retry and without the secret',
    async (_what, listener, env) => {
      const error = await diffTopics(open(listener, env()), 1).catch((caught: unknown) => caught as HmsError)
      expect(error).toMatchObject({ code: 'HMS_BROKER_LOGIN', status: 401 })
      const roster = await rosterBytes()
      const follower = followPolicies({ brokers: [addressOf(listener)], ...optionsOf(env()), roster, timeoutMs: 30_000 })
      await expect(follower).rejects.toMatchObject({ code: 'HMS_BROKER_LOGIN' })
      expect(`${(error as HmsError).message} ${logged.join(' ')}`).not.toContain('another-secret')
    },
    60_000,
  )

  it('a refused login ends a command and a service with exit code 3', async () => {
    const env = {
      HMS_PROFILE: 'dev',
      HMS_BUS: 'kafka',
      HMS_KAFKA_BROKERS: addressOf('plain'),
      ...ca,
      HMS_KAFKA_SASL: 'plain:hms:another-secret',
      HMS_DATA_DIR: scratch.path,
    }
    const topics = await hms(['topics', 'diff'], env)
    expect([topics.code, topics.stderr]).toEqual([3, expect.stringContaining('HMS_BROKER_LOGIN')])
    expect(topics.stdout + topics.stderr).not.toContain('another-secret')
    const database = await freshDatabase()
    onTestFinished(() => database.drop())
    const service = { ...env, HMS_DATABASE_URL: database.url, HMS_LINTER_PORT: String(await freePort()) }
    expect((await hms(['migrate'], service)).code).toBe(0)
    const served = Served.start(['serve', 'linter'], service)
    onTestFinished(() => served.stop())
    expect(await served.exited).toBe(3)
    expect(served.output).toContain('HMS_BROKER_LOGIN')
    expect(served.output).not.toContain('another-secret')
  }, 120_000)

  it('a bus logs in again before its token expires, with a new one', async () => {
    issuer.expiresIn = JWT_LIFE_S
    onTestFinished(() => void (issuer.expiresIn = 3_600))
    const kafka = open('oauth', oauth())
    const bus = new KafkaBus(kafka, systemClock, silentLogger, { onFatal: (error) => expect.fail(error.message) })
    onTestFinished(() => bus.close())
    const before = issuer.requests.length
    const end = Date.now() + 2 * JWT_LIFE_S * 1_000
    await expect
      .poll(
        async () => {
          expect((await bus.read({ name: 'hms.lint.v1', producer: 'linter' } as never, 'beginning')).end).toBe(true)
          return Date.now() > end && issuer.requests.length - before
        },
        { timeout: 60_000, interval: 200 },
      )
      .toBeGreaterThanOrEqual(3)
    expect(issuer.requests.length - before).toBeLessThan(12)
  }, 90_000)

  it('renewed files are used by the next connection', async () => {
    await clientCertificate('stranger', at('stranger-ca'))
    copyFileSync(at('stranger.pem'), at('renewed.pem'))
    copyFileSync(at('stranger.key'), at('renewed.key'))
    const kafka = open('mtls', { ...ca, HMS_KAFKA_CERT: at('renewed.pem'), HMS_KAFKA_KEY: at('renewed.key') })
    await expect(diffTopics(kafka, 1)).rejects.toMatchObject({ code: 'HMS_BROKER_LOGIN' })
    copyFileSync(at('client.pem'), at('renewed.pem'))
    // The key of a renewal may arrive after its certificate.
    await expect(diffTopics(kafka, 1)).rejects.toMatchObject({ code: 'HMS_BROKER_LOGIN' })
    copyFileSync(at('client.key'), at('renewed.key'))
    expect(await diffTopics(kafka, 1)).toEqual([])
  }, 60_000)

  it('a token endpoint that is down is reported as unreachable', async () => {
    issuer.status = 503
    onTestFinished(() => void (issuer.status = 200))
    await expect(diffTopics(open('oauth', oauth()), 1)).rejects.toMatchObject({
      code: 'HMS_BROKER_UNREACHABLE',
      detail: expect.stringContaining('token endpoint'),
    })
  }, 60_000)

  const addressOf = (listener: string): string => `127.0.0.1:${ports[listener]}`

  function optionsOf(env: Env) {
    const [sasl, ssl] = [readSasl(env), readTls(env)]
    return { ...(sasl && { sasl }), ...(ssl && { ssl }) }
  }

  function open(listener: string, env: Env): Kafka {
    const log: Logger = { ...silentLogger, debug: (...entry: unknown[]) => void logged.push(JSON.stringify(entry)), child: () => log }
    return createKafka({ brokers: [addressOf(listener)], clientId: 'test', ...optionsOf(env) }, log)
  }

  async function rosterBytes(): Promise<Uint8Array> {
    return Buffer.from(JSON.stringify((await testIdentity()).roster.envelope))
  }

  /** Writes `NAME.pem` and `NAME.key`, of the broker's authority or of one of its own. */
  async function clientCertificate(name: string, authority = at('ca')): Promise<void> {
    const openssl = (...args: string[]) => promisify(execFile)('openssl', args)
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    if (authority !== at('ca'))
      await openssl('req', '-x509', ...key, '-keyout', `${authority}.key`, '-out', `${authority}.pem`, '-days', '1', '-subj', '/CN=another')
    await openssl('req', ...key, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`), '-subj', `/CN=${name}`)
    const issue = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '1']
    await openssl('x509', '-req', '-in', at(`${name}.csr`), ...issue, '-out', at(`${name}.pem`))
    writeFileSync(at(`${name}.pem`), readFileSync(at(`${name}.pem`)))
  }
})

/** Issues unsigned tokens for `hms-client:a-secret`, as a broker of tests believes them. Takes the secret in the form alone. */
class TokenEndpoint {
  status = 200
  expiresIn = 3_600
  readonly requests: URLSearchParams[] = []

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TokenEndpoint> {
    const endpoint = new TokenEndpoint(createServer())
    endpoint.server.on('request', async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const isKnown = form.get('client_id') === 'hms-client' && form.get('client_secret') === 'a-secret'
      if (isKnown) endpoint.requests.push(form)
      const status = endpoint.status !== 200 ? endpoint.status : isKnown ? 200 : 401
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(status === 200 ? endpoint.token(form.get('scope')) : { error: 'invalid_client' }))
    })
    await new Promise<void>((ready) => endpoint.server.listen(0, '127.0.0.1', ready))
    return endpoint
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((done) => this.server.close(done))
  }

  private token(scope: string | null): object {
    const iat = Math.floor(Date.now() / 1_000)
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const value = `${part({ alg: 'none' })}.${part({ sub: 'hms', iat, exp: iat + this.expiresIn, scope })}.`
    return { access_token: value, token_type: 'Bearer', expires_in: this.expiresIn }
  }
}
