import { expect, it } from 'vitest'
import { withLoginErrors } from './login-errors.js'

interface Login {
  authenticationProvider(broker: object): { authenticate(): Promise<void> }
}
const logger = { debug() {}, error() {} }
const login = (sasl: object, saslAuthenticate: () => Promise<unknown>): Promise<void> =>
  (withLoginErrors(sasl) as Login).authenticationProvider({ host: 'h', port: 1, logger, saslAuthenticate }).authenticate()

const PLAIN = { mechanism: 'plain', username: 'u', password: 'p' }
const OAUTH = { mechanism: 'OAUTHBEARER', oauthBearerProvider: async () => ({ value: 't' }) }

it.each([PLAIN, OAUTH, { ...PLAIN, mechanism: 'scram-sha-512' }])(
  'retries a connection that breaks during a login by $mechanism',
  async (sasl) => {
    const broken = Object.assign(new Error('Closed connection'), { name: 'KafkaJSConnectionClosedError', retriable: true })
    await expect(login(sasl, () => Promise.reject(broken))).rejects.toBe(broken)
  },
)

it.each([PLAIN, OAUTH])('does not retry a refused login by $mechanism', async (sasl) => {
  const refused = Object.assign(new Error('Authentication failed'), { type: 'SASL_AUTHENTICATION_FAILED', retriable: false })
  const error = { name: 'KafkaJSSASLAuthenticationError', retriable: false, message: expect.stringContaining('Authentication failed') }
  await expect(login(sasl, () => Promise.reject(refused))).rejects.toMatchObject(error)
})

it('a challenge after a token is a refusal, which is acknowledged', async () => {
  const sent: number[] = []
  const answers = [Buffer.from('{"status":"invalid_token"}'), Buffer.alloc(0)]
  const saslAuthenticate = async () => answers[sent.push(0) - 1]
  await expect(login(OAUTH, saslAuthenticate)).rejects.toMatchObject({ name: 'KafkaJSSASLAuthenticationError' })
  expect(sent).toHaveLength(2)
})

it("leaves a program's own mechanism alone", () => {
  const own = { mechanism: 'aws', authenticationProvider: () => {} }
  expect([withLoginErrors(own), withLoginErrors({ mechanism: 'other' })]).toEqual([own, { mechanism: 'other' }])
})
