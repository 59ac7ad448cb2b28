import { describe, expect, it } from 'vitest'
import type { TokenRecord } from '#libs/contracts'
import type { Profile } from '#libs/process'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import {
  demoRoster,
  generateKeyPair,
  localSigner,
  mintToken,
  readRoster,
  signRequest,
  signRoster,
  type Roster,
  type Signer,
} from '#libs/signing'
import { REQUEST_NONCES } from './request-nonce.table.js'
import { Authorizer, type AccessNeed, type RequestHead } from './authorizer.js'

const BODY = Buffer.from('{"a":1}')
const OPERATE: AccessNeed = { what: 'operate', dev: 'asked' }
const READ: AccessNeed = { what: 'read', dev: 'open' }
const BOT: AccessNeed = { what: { bot: 'a' }, dev: 'loopback' }
const STATEMENT: AccessNeed = { what: 'statement', dev: 'asked' }

async function harness(profile: Profile = 'production') {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const [person, counsel, service, operator] = [generateKeyPair(), generateKeyPair(), generateKeyPair(), generateKeyPair()]
  const signers = {
    person: localSigner(person.privateKey),
    service: localSigner(service.privateKey),
    operator: localSigner(operator.privateKey),
  }
  const predicate = demoRoster({
    people: [
      { name: 'EPA Chief', spki: person.spki },
      { name: 'EPA Counsel', spki: counsel.spki },
    ],
    services: [{ name: 'linter', spki: service.spki }],
    operator: { spki: operator.spki },
    expires: '2036-01-01T00:00:00Z',
  })
  const roster: Roster = readRoster(await signRoster(predicate, [signers.person, localSigner(counsel.privateKey)]))
  /** Offset of the database's time from this process's. */
  const time = { offMs: 0 }
  const database = new MemoryDatabase({
    now: () => new Date(clock.now().getTime() + time.offMs),
    elapsedMs: () => clock.elapsedMs(),
    after: clock.after.bind(clock),
  })
  const access = new Authorizer(
    profile,
    () => roster,
    clock,
    () => database,
  )
  /** Another process of the same service: it shares only the database. */
  const other = new Authorizer(
    profile,
    () => roster,
    clock,
    () => database,
  )
  const key = (scopes: string[], more: Partial<TokenRecord> = {}): { token: string; record: TokenRecord } => {
    const { token, id, hash } = mintToken()
    const record = {
      id,
      hash,
      name: 'k',
      scopes,
      createdAt: '',
      createdBy: '',
      expiresAt: '2027-01-01T00:00:00Z',
      revokedAt: null,
      revokedBy: null,
      ...more,
    }
    access.tokens.add(record)
    return { token, record }
  }
  const signed = (by: Signer, more: Partial<{ path: string; body: Buffer; audience: string }> = {}): Promise<string> =>
    signRequest(by, { audience: roster.installation, method: 'POST', path: '/v1/x?y=1', body: BODY, at: clock.now(), ...more })
  const ask = async (
    authorization: string | undefined,
    need: AccessNeed,
    more: Partial<RequestHead & { body: Buffer }> = {},
    at = access,
  ): Promise<string> => {
    const headers = { ...(authorization === undefined ? {} : { authorization }), ...more.headers }
    try {
      return (
        (await at.admit({ method: 'POST', url: '/v1/x?y=1', body: BODY, peer: '127.0.0.1', ...more, headers }, need)).actor?.name ??
        'not asked'
      )
    } catch (error) {
      return `${(error as { status: number }).status} ${(error as { code: string }).code}`
    }
  }
  return { clock, time, access, other, database, signers, key, signed, ask }
}

describe('Authorizer', () => {
  it('accepts a key within its scope, and names the caller as a key', async () => {
    const { key, ask } = await harness()
    const operate = key(['operate'], { name: 'EPA Chief' })
    expect(await ask(`Bearer ${operate.token}`, OPERATE)).toBe(`key ${operate.record.id} (EPA Chief)`)
    expect(await ask(`bearer  ${operate.token}`, READ)).toMatch(/^key /)
    const bot = `Bearer ${key(['bot:a']).token}`
    expect(await Promise.all([ask(bot, BOT), ask(bot, { ...BOT, what: { bot: 'b' } }), ask(bot, READ), ask(bot, OPERATE)])).toEqual([
      expect.stringMatching(/^key /),
      '403 HMS_AUTH_SCOPE',
      '403 HMS_AUTH_SCOPE',
      '403 HMS_AUTH_SCOPE',
    ])
  })

  it('suggests no key to an anonymous client where a signed statement is required', async () => {
    const { access } = await harness()
    const refused = { code: 'HMS_AUTH_REQUIRED', detail: expect.not.stringContaining('HMS_TOKEN') as string }
    await expect(
      access.admit({ method: 'POST', url: '/v1/tokens', headers: {}, body: BODY, peer: undefined }, STATEMENT),
    ).rejects.toMatchObject(refused)
  })

  it('accepts no key, whatever its scope, where a signed statement is required', async () => {
    const { key, ask, signed, signers } = await harness()
    expect(await ask(`Bearer ${key(['operate']).token}`, STATEMENT)).toBe('403 HMS_AUTH_STATEMENT_REQUIRED')
    expect(await ask(await signed(signers.operator), STATEMENT)).toBe('operator')
    expect(await ask(await signed(signers.person), STATEMENT)).toBe('EPA Chief')
  })

  it.each([
    ['nothing', undefined, '401 HMS_AUTH_REQUIRED'],
    ['an empty header', '', '401 HMS_AUTH_INVALID'],
    ['another scheme', 'Basic dTpw', '401 HMS_AUTH_INVALID'],
    ['an unknown key', `Bearer ${mintToken().token}`, '401 HMS_AUTH_TOKEN_UNKNOWN'],
    ['a text that is no key', 'Bearer operate', '401 HMS_AUTH_TOKEN_UNKNOWN'],
    ['two keys', 'Bearer a b', '401 HMS_AUTH_INVALID'],
  ])('refuses %s', async (_what, header, refusal) => {
    const { ask } = await harness()
    expect(await ask(header, READ)).toBe(refusal)
  })

  it('refuses requests signed by a service or an unknown key, for another request, used before, or too old', async () => {
    const { ask, signed, signers, clock } = await harness()
    expect(await ask(await signed(signers.service), OPERATE)).toBe('401 HMS_AUTH_INVALID')
    expect(await ask(await signed(localSigner(generateKeyPair().privateKey)), OPERATE)).toBe('401 HMS_AUTH_INVALID')
    expect(await ask(await signed(signers.operator, { path: '/v1/x' }), OPERATE)).toBe('401 HMS_AUTH_INVALID')
    expect(await ask(await signed(signers.operator, { body: Buffer.from('{}') }), OPERATE)).toBe('401 HMS_AUTH_INVALID')
    const once = await signed(signers.operator)
    expect(await Promise.all([ask(once, OPERATE), ask(once, OPERATE)])).toEqual(['operator', '401 HMS_AUTH_REPLAYED'])
    const old = await signed(signers.operator)
    clock.advanceTo(clock.now().getTime() + 60_001)
    expect(await ask(old, OPERATE)).toBe('401 HMS_AUTH_EXPIRED')
  })

  it('accepts a signed request once, across all instances and restarts', async () => {
    const { ask, signed, signers, other } = await harness()
    const [one, two] = [await signed(signers.operator), await signed(signers.person)]
    const both = await Promise.all([ask(one, OPERATE), ask(one, OPERATE, {}, other)])
    expect(both.sort()).toEqual(['401 HMS_AUTH_REPLAYED', 'operator'])
    expect(await ask(two, OPERATE)).toBe('EPA Chief')
    expect(await ask(two, OPERATE, {}, other)).toBe('401 HMS_AUTH_REPLAYED')
  })

  it('accepts a signed request for its own installation only', async () => {
    const { ask, signed, signers } = await harness()
    expect(await ask(await signed(signers.operator, { audience: `sha256:${'0'.repeat(64)}` }), OPERATE)).toBe('401 HMS_AUTH_AUDIENCE')
  })

  it('stores nonces while their requests are valid, and refuses requests instead of dropping a nonce', async () => {
    const { ask, signed, signers, clock, database } = await harness()
    const remembered = (): Promise<number> => database.autocommit((tx) => tx.documents(REQUEST_NONCES).count())
    for (let at = 0; at < 30; at++) await ask(await signed(signers.operator), OPERATE)
    expect(await remembered()).toBe(30)
    clock.advanceTo(clock.now().getTime() + 120_001)
    await ask(await signed(signers.operator), OPERATE)
    expect(await remembered()).toBe(1)
    await database.transaction(async (tx) => {
      for (let at = 0; at < 10_000; at++) await tx.documents(REQUEST_NONCES).put({ id: `${at}`, expiresAt: '2030-01-01T00:00:00Z' })
    })
    expect(await ask(await signed(signers.operator), OPERATE)).toBe('503 HMS_AUTH_BUSY')
  })

  it('checks the time of a signed request by the clock of the database, not by its own', async () => {
    const { ask, signed, signers, clock, time } = await harness()
    const now = await signed(signers.person)
    clock.advanceTo(clock.now().getTime() + 3 * 3_600_000)
    expect(await ask(now, OPERATE)).toBe('401 HMS_AUTH_EXPIRED')
    time.offMs = -3 * 3_600_000
    expect(await ask(now, OPERATE)).toBe('EPA Chief')
    expect(await ask(await signed(signers.person), OPERATE)).toBe('401 HMS_AUTH_EXPIRED')
  })

  it('requires a key in profile dev only for operator actions, and for a bot that is not on loopback', async () => {
    const { ask, key } = await harness('dev')
    expect(await Promise.all([ask(undefined, READ), ask(undefined, BOT), ask(undefined, OPERATE)])).toEqual([
      'not asked',
      'not asked',
      '401 HMS_AUTH_REQUIRED',
    ])
    expect(await ask(undefined, READ, { peer: '192.0.2.1' })).toBe('not asked')
    for (const peer of ['192.0.2.1', '127.0.0.1.example', undefined])
      expect(await ask(undefined, BOT, { peer })).toBe('401 HMS_AUTH_REQUIRED')
    for (const peer of ['::1', '::ffff:127.0.0.1', '127.8.8.8']) expect(await ask(undefined, BOT, { peer })).toBe('not asked')
    expect(await ask(undefined, BOT, { headers: { 'x-forwarded-for': '127.0.0.1' } })).toBe('not asked')
    expect(await ask(undefined, BOT, { headers: { 'x-forwarded-for': '192.0.2.1, 127.0.0.1' } })).toBe('401 HMS_AUTH_REQUIRED')
    expect(await ask('Bearer nonsense', READ)).toBe('401 HMS_AUTH_TOKEN_UNKNOWN')
    expect(await ask(`Bearer ${key(['read']).token}`, READ)).toMatch(/^key /)
  })

  it('ends the streams of a key once when the key is revoked or expires, and no other streams', async () => {
    const { access, key, clock } = await harness()
    const ended: string[] = []
    const [revoked, expiring, kept] = [key(['read']), key(['read'], { expiresAt: '2026-01-01T00:01:00Z' }), key(['read'])]
    for (const [name, { record }] of Object.entries({ revoked, expiring, kept })) access.tokens.onInvalid(record.id, () => ended.push(name))
    access.tokens.onInvalid(revoked.record.id, () => ended.push('left before'))()
    access.tokens.add({ ...revoked.record, revokedAt: '2026-01-01T00:00:01Z' })
    expect(ended).toEqual(['revoked'])
    clock.advanceTo(Date.parse('2026-01-01T00:01:00Z'))
    access.tokens.endInvalid()
    access.tokens.endInvalid()
    expect(ended).toEqual(['revoked', 'expiring'])
  })

  it('keeps a revocation, whatever an older copy of the key contains', async () => {
    const { access, key, ask } = await harness()
    const { token, record } = key(['read'])
    access.tokens.add({ ...record, revokedAt: '2026-01-01T00:00:01Z' })
    access.tokens.replaceAll([record])
    access.tokens.replaceAll([{ ...record, revokedAt: '2026-01-01T00:00:01Z' }, record])
    expect(await ask(`Bearer ${token}`, READ)).toBe('401 HMS_AUTH_TOKEN_REVOKED')
    access.tokens.replaceAll([])
    expect(await ask(`Bearer ${token}`, READ)).toBe('401 HMS_AUTH_TOKEN_UNKNOWN')
  })
})
