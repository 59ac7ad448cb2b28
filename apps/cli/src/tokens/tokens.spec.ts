import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type Envelope, type TokenView } from '#libs/contracts'
import { demoRoster, generateKeyPair, localSigner, readRoster, signRoster } from '#libs/signing'
import { serveCanned, type Canned, type CannedService } from '../testing/canned-service.js'
import { runForTest, type CliRun } from '../testing/run-cli.js'

const TOKEN = `hms_0123456789ab_${'x'.repeat(43)}`
const view: TokenView = {
  id: '0123456789ab',
  name: 'inspectors',
  scopes: ['bot:inspector-7'],
  createdAt: '2026-01-01T00:00:00.000Z',
  createdBy: 'EPA Chief',
  expiresAt: '2999-01-01T00:00:00.000Z',
  revokedAt: null,
  revokedBy: null,
}

let service: CannedService | undefined
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-tokens-'))
})
afterEach(async () => {
  await service?.close()
  await rm(folder, { recursive: true })
})

async function tokens(responses: Record<string, Canned>, ...argv: string[]): Promise<CliRun> {
  service = await serveCanned(responses)
  return runForTest(['tokens', ...argv], { env: { HMS_URL: service.url, HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'correct horse' } })
}

describe('tokens create', () => {
  const made = { 'POST /v1/tokens': { status: 201, body: { ...view, token: TOKEN } } }

  it('prints only the token on stdout', async () => {
    const run = await tokens(
      made,
      'create',
      '--scope',
      'bot:inspector-7,read',
      '--scope',
      'partner:va-deq',
      '--name',
      'inspectors',
      '--expires',
      '90d',
    )
    expect([run.code, run.stdout]).toEqual([0, `${TOKEN}\n`])
    expect(run.stderr).toContain('Key 0123456789ab may bot:inspector-7 until 2999')
    expect(service?.requests[0]?.body).toEqual({
      scopes: ['bot:inspector-7', 'read', 'partner:va-deq'],
      name: 'inspectors',
      expiresInMs: 90 * 86_400_000,
    })
  })

  it('prints the whole response with --json', async () => {
    expect(JSON.parse((await tokens(made, 'create', '--scope', 'read', '--json')).stdout)).toEqual({ ...view, token: TOKEN })
  })

  it('signs as the person named by --sign, and exits with 3 without that key', async () => {
    expect(
      (await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env: { HMS_KEYS_DIR: folder, HMS_KEY_PASSPHRASE: 'correct horse' } }))
        .code,
    ).toBe(0)
    const people = ['EPA Chief', 'EPA Counsel'].map((name) => ({ name, ...generateKeyPair() }))
    const predicate = demoRoster({
      people,
      services: [{ name: 'rollout', spki: generateKeyPair().spki }],
      operator: generateKeyPair(),
      expires: '2036-01-01T00:00:00Z',
    })
    const envelope = await signRoster(
      predicate,
      people.map(({ privateKey }) => localSigner(privateKey)),
    )
    // No roster is pinned here: on a loopback address the service provides its first one.
    expect(
      (
        await tokens(
          { ...made, 'GET /v1/roster': { body: [{ version: 1, envelope }] } },
          'create',
          '--scope',
          'read',
          '--sign',
          'EPA Chief',
        )
      ).code,
    ).toBe(0)
    const { authorization = '' } = service!.requests.at(-1)!
    const signed = JSON.parse(Buffer.from(authorization.slice('HMS-Statement '.length), 'base64url').toString()) as Envelope
    expect(peekPredicate(signed)).toMatchObject({ audience: readRoster(envelope).installation, path: '/v1/tokens' })
    await service?.close()
    expect((await tokens(made, 'create', '--scope', 'read', '--sign', 'Unknown Person')).code).toBe(3)
    expect(service?.requests).toEqual([])
  })

  it('does not use HMS_TOKEN to create a token, only to list tokens', async () => {
    service = await serveCanned({ ...made, 'GET /v1/tokens': { body: [] } })
    const env = { HMS_URL: service.url, HMS_TOKEN: TOKEN }
    await runForTest(['tokens', 'create', '--scope', 'read'], { env })
    await runForTest(['tokens', 'list'], { env })
    expect(service.requests.map(({ authorization }) => authorization)).toEqual([undefined, `Bearer ${TOKEN}`])
  })

  it.each([
    ['an invalid duration', ['create', '--scope', 'read', '--expires', 'soon'], 2],
    ['a duration of less than a minute', ['create', '--scope', 'read', '--expires', '5s'], 2],
    ['a duration of more than two years', ['create', '--scope', 'read', '--expires', '731d'], 2],
    ['no scope', ['create'], 2],
  ])('refuses %s', async (_what, argv, code) => {
    expect(await tokens(made, ...argv)).toMatchObject({ code, stdout: '' })
  })

  it('exits with 3 and the error code if the service requires a signed request', async () => {
    const refused = { code: 'HMS_AUTH_STATEMENT_REQUIRED', detail: 'no', status: 403, next: [] }
    const run = await tokens({ 'POST /v1/tokens': { status: 403, body: refused } }, 'create', '--scope', 'read')
    expect(run).toMatchObject({ code: 3, stdout: '' })
    expect(run.stderr).toContain('[HMS_AUTH_STATEMENT_REQUIRED]')
  })
})

describe('tokens list', () => {
  it('shows which tokens are valid, revoked or expired', async () => {
    const rows = [
      view,
      { ...view, id: 'b', revokedAt: '2026-01-02T00:00:00.000Z' },
      { ...view, id: 'c', expiresAt: '2020-01-01T00:00:00.000Z' },
    ]
    const { code, stdout } = await tokens({ 'GET /v1/tokens': { body: rows } }, 'list')
    expect(code).toBe(0)
    expect(
      stdout
        .split('\n')
        .slice(1, 4)
        .map((line) => line.split(/\s+/).slice(0, 2)),
    ).toEqual([
      ['0123456789ab', 'valid'],
      ['b', 'revoked'],
      ['c', 'expired'],
    ])
  })

  it('prints [] with --json if there are no tokens', async () => {
    expect((await tokens({ 'GET /v1/tokens': { body: [] } }, 'list', '--json')).stdout).toBe('[]\n')
  })
})

describe('tokens revoke', () => {
  const call = `POST /v1/tokens/${view.id}/revoke`

  it('reports that the token is revoked', async () => {
    const run = await tokens({ [call]: { body: { ...view, revokedAt: '2026-01-02T00:00:00.000Z' } } }, 'revoke', view.id)
    expect([run.code, run.stdout]).toEqual([0, '✓ Key 0123456789ab (inspectors) revoked; its open connections are closed within seconds\n'])
  })

  it('exits with 4 for an unknown token', async () => {
    expect(await tokens({}, 'revoke', 'nothing')).toMatchObject({ code: 4, stdout: '' })
  })
})
