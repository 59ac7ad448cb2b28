import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { generateKeyPair, localSigner } from '#libs/signing'
import { authorizationFrom, clientFromEnvironment, statement } from './authorization.js'
import { isLoopback } from './loopback.js'

const body = Buffer.from('{}')
const AUDIENCE = `sha256:${'a'.repeat(64)}`

describe('authorization', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('is the token if there is one', async () => {
    const authorize = authorizationFrom({ token: 't', url: 'https://hms.example', dataDir: 'nowhere' })
    expect(await authorize('GET', '/v1/runs', body)).toEqual({ authorization: 'Bearer t' })
  })

  it('signs writes and not reads', async () => {
    const { privateKey } = generateKeyPair()
    const authorize = statement(
      async () => ({ signer: localSigner(privateKey), audience: AUDIENCE }),
      () => new Date(0),
    )
    expect(await authorize('GET', '/v1/runs', body)).toEqual({})
    const { authorization = '' } = await authorize('POST', '/v1/rollbacks', body)
    expect(authorization).toMatch(/^HMS-Statement [\w-]+$/)
    const envelope = JSON.parse(Buffer.from(authorization.slice('HMS-Statement '.length), 'base64url').toString()) as { payload: string }
    const { predicate } = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as { predicate: object }
    expect(predicate).toMatchObject({ audience: AUDIENCE, method: 'POST', path: '/v1/rollbacks', at: '1970-01-01T00:00:00.000Z' })
  })

  it('is empty without a data folder, and never uses a local key for another machine', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'hms-client-'))
    expect(await authorizationFrom({ url: 'http://127.0.0.1:7184', dataDir })('POST', '/', body)).toEqual({})
    expect(await authorizationFrom({ url: 'https://hms.example', dataDir })('POST', '/', body)).toEqual({})
    await rm(dataDir, { recursive: true })
  })

  it('sends the token of the environment to the server of the environment only', () => {
    vi.stubEnv('HMS_URL', 'https://hms.example/base')
    vi.stubEnv('HMS_TOKEN', 't')
    expect(clientFromEnvironment(undefined).config.token).toBe('t')
    expect(clientFromEnvironment('https://hms.example').config.token).toBe('t')
    expect(clientFromEnvironment('https://elsewhere.example').config.token).toBeUndefined()
    expect(clientFromEnvironment('http://hms.example').config.token).toBeUndefined()
  })

  it.each([
    ['http://127.0.0.1:1', true],
    ['http://localhost', true],
    ['http://[::1]:1', true],
    ['http://127.0.0.1.evil.example', false],
    ['http://10.0.0.1', false],
  ])('classifies %s as loopback: %s', (url, is) => expect(isLoopback(url)).toBe(is))
})
