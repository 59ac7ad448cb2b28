import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readSasl, readTls } from './broker-login.js'

const folder = mkdtempSync(join(tmpdir(), 'hms-login-'))
afterAll(() => rmSync(folder, { recursive: true }))

it.each([
  ['plain:hms:a:b c', { mechanism: 'plain', username: 'hms', password: 'a:b c' }],
  ['plain:$ConnectionString:Endpoint=sb://x/;Key=y=', { username: '$ConnectionString', password: 'Endpoint=sb://x/;Key=y=' }],
  ['scram-sha-256:u: p\n', { mechanism: 'scram-sha-256', username: 'u', password: ' p\n' }],
  ['SCRAM-SHA-512:u:é', { mechanism: 'scram-sha-512', password: 'é' }],
])('reads %s with every character of the password', (text, login) => {
  expect(readSasl({ HMS_KAFKA_SASL: text })).toMatchObject(login)
})

it('reads the login from a file, such as a mounted secret', () => {
  const file = join(folder, 'sasl')
  writeFileSync(file, 'scram-sha-512:hms-audit: p\n')
  expect(readSasl({ HMS_KAFKA_SASL_FILE: ` ${file}` })).toEqual({ mechanism: 'scram-sha-512', username: 'hms-audit', password: ' p' })
  expect(() => readSasl({ HMS_KAFKA_SASL_FILE: file, HMS_KAFKA_SASL: 'plain:u:p' })).toThrow(/unset one/)
  expect(() => readSasl({ HMS_KAFKA_SASL_FILE: join(folder, 'none') })).toThrow(/HMS_KAFKA_SASL_FILE cannot be read/)
  writeFileSync(file, 'a-secret')
  expect(() => readSasl({ HMS_KAFKA_SASL_FILE: file })).toThrow(/^HMS_KAFKA_SASL_FILE must look like (?!.*a-secret)/)
})

it('needs neither login nor TLS where none is set', () => {
  expect([readSasl({}), readTls({}), readSasl({ HMS_KAFKA_SASL: '' }), readTls({ HMS_KAFKA_CA: ' ' })]).toEqual(Array(4).fill(undefined))
  expect(readTls({ HMS_KAFKA_TLS: 'true' })).toHaveProperty('secureContext')
})

it.each(['a-secret', 'gssapi:u:a-secret', 'plain:a-secret', 'plain::a-secret'])('refuses %s without repeating it', (text) => {
  const read = () => readSasl({ HMS_KAFKA_SASL: text })
  expect(read).toThrow(expect.objectContaining({ code: 'HMS_CONFIG_INVALID', status: 400 }) as Error)
  expect(read).not.toThrow(/a-secret/)
})

it.each(['https://login.example/token', 'http://127.0.0.1:9/token', 'http://localhost/token', 'http://[::1]:9/t'])('takes %s', (url) => {
  expect(readSasl({ HMS_KAFKA_SASL: 'oauthbearer:c:s', HMS_KAFKA_OAUTH_TOKEN_URL: url })).toMatchObject({ mechanism: 'oauthbearer' })
})

it.each([undefined, 'token', 'http://login.example/token', 'http://127.0.0.1.example/t', 'https://u:p@login.example/', 'ftp://127.0.0.1/'])(
  'sends no secret to the token URL %s',
  (url) => {
    const read = () => readSasl({ HMS_KAFKA_SASL: 'oauthbearer:c:s', HMS_KAFKA_OAUTH_TOKEN_URL: url })
    expect(read).toThrow(/HMS_KAFKA_OAUTH_TOKEN_URL must be an https URL/)
  },
)

it.each(['auth=x', 'a', 'a=b c', 'a=b,,c=d'])('refuses the extensions %s', (text) => {
  const env = { HMS_KAFKA_SASL: 'oauthbearer:c:s', HMS_KAFKA_OAUTH_TOKEN_URL: 'https://x/', HMS_KAFKA_OAUTH_EXTENSIONS: text }
  expect(() => readSasl(env)).toThrow(/HMS_KAFKA_OAUTH_EXTENSIONS/)
})

it('refuses files that are missing, are no certificates, or come without each other', () => {
  const junk = join(folder, 'junk.pem')
  writeFileSync(junk, 'junk')
  expect(() => readTls({ HMS_KAFKA_CA: join(folder, 'none') })).toThrow(/HMS_KAFKA_CA cannot be read/)
  expect(() => readTls({ HMS_KAFKA_CA: folder })).toThrow(/not a file/)
  expect(() => readTls({ HMS_KAFKA_CA: junk })).toThrow(/HMS_KAFKA_CA must be PEM files/)
  expect(() => readTls({ HMS_KAFKA_CERT: junk, HMS_KAFKA_KEY: junk })).toThrow(/HMS_KAFKA_CERT, HMS_KAFKA_KEY must be PEM/)
  expect(() => readTls({ HMS_KAFKA_CERT: junk })).toThrow(/set together/)
  expect(() => readTls({ HMS_KAFKA_TLS: 'yes' })).toThrow(/HMS_KAFKA_TLS must be true/)
})
