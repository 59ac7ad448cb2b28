import { action, HmsError, type TokenRecord } from '#libs/contracts'
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digestOf } from '../digest.js'

/**
 * API key: `hms_<id>_<secret>`. The id is public and names the record; the secret is 32 random bytes, base64url. The stored value is
 * SHA-256 over the whole text: 256 random bits cannot be guessed, so a slow hash is unnecessary, and a secret under another id is another
 * key.
 */
const FORM = /^hms_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const ID_BYTES = 6
const SECRET_BYTES = 32

/** Creates a key and the data to store of it. */
export function mintToken(): { token: string; id: string; hash: string } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const token = `hms_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { token, id, hash: digestOf(token) }
}

/** Returns the id of a well-formed key, `undefined` for any other text. */
export function tokenIdOf(token: string): string | undefined {
  return FORM.exec(token)?.[1]
}

/**
 * Returns the record if the presented key matches it and is valid. Throws 401 `HMS_AUTH_TOKEN_UNKNOWN` alike for a wrong secret and for a
 * missing record; only the holder of the key learns that it was revoked or has expired.
 */
export function requireToken(token: string, record: TokenRecord | undefined, now: Date): TokenRecord {
  if (record === undefined || !isSame(digestOf(token), record.hash)) {
    throw refusal('UNKNOWN', 'No such key is known here. One that was made a moment ago counts within seconds.')
  }
  return requireCounting(record, now)
}

/**
 * Returns the key of OFREP's event stream for the holder of an API key; it opens nothing else, because browsers send no header there and it
 * is part of the URL. It is derived from the record, so every instance knows it, and it stays the same as long as the API key is valid.
 */
export function streamKeyOf({ id, hash }: Pick<TokenRecord, 'id' | 'hash'>): string {
  return `${id}.${digestOf(`ofrep-events ${hash}`).slice('sha256:'.length)}`
}

/** As `requireToken`, for a stream key. */
export function requireStreamKey(key: string, record: TokenRecord | undefined, now: Date): TokenRecord {
  if (record === undefined || !isSame(key, streamKeyOf(record))) {
    throw refusal('UNKNOWN', 'No such address of a stream is known here: evaluate again, and take the one in the answer.')
  }
  return requireCounting(record, now)
}

function requireCounting(record: TokenRecord, now: Date): TokenRecord {
  if (record.revokedAt !== null) throw refusal('REVOKED', `The key ${record.id} was revoked at ${record.revokedAt}.`)
  if (!(now.getTime() < Date.parse(record.expiresAt))) throw refusal('EXPIRED', `The key ${record.id} expired at ${record.expiresAt}.`)
  return record
}

/** Compares in constant time. Digests have equal length, except in damaged records. */
function isSame(presented: string, recorded: string): boolean {
  const [one, other] = [Buffer.from(presented), Buffer.from(recorded)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function refusal(reason: string, detail: string): HmsError {
  return new HmsError(`HMS_AUTH_TOKEN_${reason}`, detail, {
    status: 401,
    next: [action('tokens.list'), action('tokens.create', { scope: 'SCOPE' })],
  })
}

/** Access that a request needs: `values` are the policies in force, `read` is all readable data. */
export type Need = 'operate' | 'read' | 'values' | { bot: string }

/**
 * Scopes of a key. `operate`: every write that needs no person, and every read; `read`: every read; `bot:<id>`: act as that bot (its
 * stream, its alerts) and read the policies in force; `partner:<id>`: read the policies in force. None of them signs anything.
 */
const SCOPE = /^(operate|read|(bot|partner):[A-Za-z0-9][A-Za-z0-9._-]{0,199})$/

export const MAX_SCOPES = 16

export function isScope(text: unknown): text is string {
  return typeof text === 'string' && SCOPE.test(text)
}

/** Throws 403 `HMS_AUTH_SCOPE` if no scope of a key covers the needed access. */
export function requireScope(scopes: readonly string[], need: Need): void {
  if (scopes.some((scope) => covers(scope, need))) return
  const wanted = typeof need === 'object' ? `bot:${need.bot}` : need === 'operate' ? 'operate' : 'read'
  throw new HmsError('HMS_AUTH_SCOPE', `This key may ${scopes.join(', ')}; ${wanted} is needed here.`, {
    status: 403,
    next: isScope(wanted) ? [action('tokens.create', { scope: wanted })] : [],
  })
}

function covers(scope: string, need: Need): boolean {
  if (scope === 'operate') return true
  if (typeof need === 'object') return scope === `bot:${need.bot}`
  if (need === 'operate') return false
  return scope === 'read' || (need === 'values' && /^(bot|partner):/.test(scope))
}
