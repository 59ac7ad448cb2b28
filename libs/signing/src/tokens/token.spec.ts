import { describe, expect, it } from 'vitest'
import type { TokenRecord } from '#libs/contracts'
import { digestOf } from '../digest.js'
import { isScope, mintToken, type Need, requireScope, requireStreamKey, requireToken, streamKeyOf, tokenIdOf } from './token.js'

const NOW = new Date('2026-06-01T00:00:00Z')
const { token, id, hash } = mintToken()
const record = (more: Partial<TokenRecord> = {}): TokenRecord => ({
  id,
  hash,
  name: 'inspectors',
  scopes: ['read'],
  createdAt: '2026-01-01T00:00:00Z',
  createdBy: 'EPA Chief',
  expiresAt: '2027-01-01T00:00:00Z',
  revokedAt: null,
  revokedBy: null,
  ...more,
})
const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}
const judge = (presented: string, known: TokenRecord | undefined, now = NOW): string => codeOf(() => requireToken(presented, known, now))

describe('a token', () => {
  it('has the form hms_<id>_<43 characters>, and its record does not contain it', () => {
    expect(token).toMatch(/^hms_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/)
    expect([tokenIdOf(token), hash]).toEqual([id, digestOf(token)])
    expect(JSON.stringify(record())).not.toContain(token.slice(-43))
    expect(mintToken().token).not.toBe(token)
  })

  it('is accepted', () => expect(judge(token, record())).toBe('none'))

  const other = mintToken()
  const flip = token.endsWith('A') ? 'E' : 'A'
  it.each([
    ['another secret under its id', `hms_${id}_${other.token.slice(-43)}`, record(), 'UNKNOWN'],
    ['one character changed', token.slice(0, -1) + flip, record(), 'UNKNOWN'],
    ['truncated', token.slice(0, -1), record(), 'UNKNOWN'],
    ['lengthened', `${token}A`, record(), 'UNKNOWN'],
    ['its hash instead of itself', hash, record(), 'UNKNOWN'],
    ['the same secret under another id', `hms_${other.id}_${token.slice(-43)}`, record({ id: other.id, hash: other.hash }), 'UNKNOWN'],
    ['the same secret under another id, with the hash copied', `hms_${other.id}_${token.slice(-43)}`, record({ id: other.id }), 'UNKNOWN'],
    ['no record', token, undefined, 'UNKNOWN'],
    ['revoked', token, record({ revokedAt: '2026-02-01T00:00:00Z' }), 'REVOKED'],
    ['revoked, with a wrong secret', token.slice(0, -1) + flip, record({ revokedAt: '2026-02-01T00:00:00Z' }), 'UNKNOWN'],
    ['expired to the second', token, record({ expiresAt: NOW.toISOString() }), 'EXPIRED'],
    ['with an expiry that is no time', token, record({ expiresAt: 'never' }), 'EXPIRED'],
    ['with a damaged hash in the record', token, record({ hash: `${hash.slice(0, -1)}` }), 'UNKNOWN'],
  ])('is rejected: %s', (_what, presented, known, reason) => expect(judge(presented, known)).toBe(`HMS_AUTH_TOKEN_${reason}`))

  it.each(['', 'hms_', `hms_${id}`, `hms_A${id.slice(1)}_${token.slice(-43)}`, `${token}\n`, `x${token}`])('is not %j', (text) =>
    expect(tokenIdOf(text)).toBeUndefined(),
  )
})

describe('a stream key', () => {
  const key = streamKeyOf({ id, hash })
  const judged = (presented: string, known: TokenRecord | undefined, now = NOW): string =>
    codeOf(() => requireStreamKey(presented, known, now))

  it('is equal on every instance, and reveals neither the token nor its hash', () => {
    expect([key, key.startsWith(`${id}.`), judged(key, record())]).toEqual([streamKeyOf(record()), true, 'none'])
    for (const secret of [token.slice(-43), hash.slice('sha256:'.length)]) expect(key).not.toContain(secret)
    expect(judge(key, record())).toBe('HMS_AUTH_TOKEN_UNKNOWN')
  })

  it.each([
    ['of another key', streamKeyOf(mintToken()), record(), 'UNKNOWN'],
    ['with one character changed', `${key.slice(0, -1)}${key.endsWith('A') ? 'E' : 'A'}`, record(), 'UNKNOWN'],
    ['of the calendar', streamKeyOf({ id, hash }, 'calendar'), record(), 'UNKNOWN'],
    ['that is the key itself', token, record(), 'UNKNOWN'],
    ['that is empty', '', record(), 'UNKNOWN'],
    ['without a record', key, undefined, 'UNKNOWN'],
    ['of a key that was revoked', key, record({ revokedAt: '2026-02-01T00:00:00Z' }), 'REVOKED'],
    ['of a key that has expired', key, record({ expiresAt: NOW.toISOString() }), 'EXPIRED'],
  ])('is rejected %s', (_what, presented, known, reason) => expect(judged(presented, known)).toBe(`HMS_AUTH_TOKEN_${reason}`))
})

describe('scopes', () => {
  it.each(['operate', 'read', 'bot:inspector-7', 'partner:va.deq_1'])('include %s', (scope) => expect(isScope(scope)).toBe(true))
  it.each(['', 'admin', 'bot:', 'bot:*', 'bot: a', 'operate ', 'operate\n', 'bot:a:b', `bot:${'a'.repeat(201)}`, 7, null])(
    'do not include %j',
    (scope) => expect(isScope(scope)).toBe(false),
  )

  const NEEDS: Need[] = ['operate', 'read', 'values', { bot: 'a' }]
  it.each([
    [['operate'], ['yes', 'yes', 'yes', 'yes']],
    [['read'], ['no', 'yes', 'yes', 'no']],
    [['bot:a'], ['no', 'no', 'yes', 'yes']],
    [['bot:b'], ['no', 'no', 'yes', 'no']],
    [['partner:a'], ['no', 'no', 'yes', 'no']],
    [
      ['bot:b', 'bot:a', 'read'],
      ['no', 'yes', 'yes', 'yes'],
    ],
    [[], ['no', 'no', 'no', 'no']],
  ])('%j covers operate, read, values, bot:a: %j', (scopes, expected) => {
    expect(NEEDS.map((need) => (codeOf(() => requireScope(scopes, need)) === 'none' ? 'yes' : 'no'))).toEqual(expected)
  })

  it.each(['', 'a:', ':'])('of another bot do not cover a bot named %j', (bot) => {
    expect(codeOf(() => requireScope(['bot:a', 'read', 'partner:a'], { bot }))).toBe('HMS_AUTH_SCOPE')
  })
})
