import { createRequire } from 'node:module'
import { refusedLogin } from './client-credentials.js'

interface SaslMessage {
  request: { encode(): unknown }
  response?: { decode(bytes: Buffer): unknown; parse(decoded: Buffer): unknown }
}
type SaslAuthenticate = (message: SaslMessage) => Promise<unknown>
type AuthenticationProvider = (broker: { saslAuthenticate: SaslAuthenticate }) => { authenticate(): Promise<void> }

/** Files of kafkajs' mechanisms, by the name in upper case. */
const MECHANISMS: Record<string, string> = {
  PLAIN: 'plain',
  OAUTHBEARER: 'oauthBearer',
  'SCRAM-SHA-256': 'scram256',
  'SCRAM-SHA-512': 'scram512',
}
/** Bytes that a broker returns after a message that needs no response: none, or why it refuses a token. */
const CHALLENGE = { decode: (bytes: Buffer) => bytes.subarray(4), parse: (bytes: Buffer) => bytes }
/** Acknowledges a refusal, upon which the broker reports its reason (RFC 7628, section 3.2.3). */
const ACKNOWLEDGEMENT = { encode: () => Buffer.from([0, 0, 0, 1, 1]) }

/**
 * Returns the login with corrected errors. In kafkajs 2.2.4, a connection that breaks during a login counts as a refused login, which is
 * not retried, and a refused OAuth token counts as an accepted token.
 */
export function withLoginErrors<T extends object>(sasl: T): T {
  const { mechanism, authenticationProvider } = sasl as { mechanism?: string; authenticationProvider?: unknown }
  const file = MECHANISMS[mechanism?.toUpperCase() ?? '']
  if (file === undefined || authenticationProvider !== undefined) return sasl
  const load = createRequire(import.meta.url)
  const provide = (load(`kafkajs/src/broker/saslAuthenticator/${file}.js`) as (sasl: T) => AuthenticationProvider)(sasl)
  const withErrors: AuthenticationProvider = (broker) => ({
    async authenticate() {
      let fault: unknown
      const saslAuthenticate: SaslAuthenticate = async ({ request, response }) => {
        try {
          if (response !== undefined) return await broker.saslAuthenticate({ request, response })
          const challenge = (await broker.saslAuthenticate({ request, response: CHALLENGE })) as Buffer
          if (challenge.length === 0) return undefined
          await broker.saslAuthenticate({ request: ACKNOWLEDGEMENT, response: CHALLENGE })
          throw refusedLogin('the broker refuses the token')
        } catch (error) {
          throw (fault = error)
        }
      }
      try {
        await provide({ ...broker, saslAuthenticate }).authenticate()
      } catch (error) {
        throw (fault as { retriable?: boolean } | undefined)?.retriable === true ? fault : error // guard: kafka-login-broken
      }
    },
  })
  return { ...sasl, authenticationProvider: withErrors }
}
