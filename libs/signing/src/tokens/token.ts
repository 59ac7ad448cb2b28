import { action, HmsError, type TokenRecord } from '#libs/contracts'
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digestOf } from '../digest.js'

/**
 * Form of a token, `hms_<id>_<secret>`: the public id of the record, and 32 random bytes in base64url. Services store SHA-256 over the
 * whole text, so that a secret is not valid with another id. A slow hash is unnecessary, because 256 random bits cannot be guessed.
 */
const FORM = /^hms_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const ID_BYTES = 6
const SECRET_BYTES = 32

export function mintToken(): { token: string; id: string; hash: string } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const token = `hms_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { token, id, hash: digestOf(token) }
}

/** Returns the id and hash of a well-formed token, as `mintToken` does; `undefined` for any other text. */
export function mintedOf(token: string): { id: string; hash: string } | undefined {
  const id = tokenIdOf(token)
  return id === undefined ? undefined : { id, hash: digestOf(token) }
}

/** Returns the id of a well-formed token; `undefined` for any other text. */
export function tokenIdOf(token: string): string | undefined {
  return FORM.exec(token)?.[1]
}

/** Returns the record of a valid token. Throws 401 `HMS_AUTH_TOKEN_UNKNOWN`; `_REVOKED` and `_EXPIRED` only with the correct secret. */
export function requireToken(token: string, record: TokenRecord | undefined, now: Date): TokenRecord {
  if (record === undefined || !isSame(digestOf(token), record.hash))
    throw refusal('UNKNOWN', 'This key is unknown here. A newly created key becomes valid within seconds.')
  return requireValid(record, now)
}

/** Resource that a key in an address opens. The key opens nothing else. */
export type AddressUse = 'ofrep-events' | 'calendar'

/** Returns a token's key for one use in addresses, because browsers and calendars send no header. The holder computes the same key. */
export function streamKeyOf({ id, hash }: Pick<TokenRecord, 'id' | 'hash'>, use: AddressUse = 'ofrep-events'): string {
  return `${id}.${digestOf(`${use} ${hash}`).slice('sha256:'.length)}`
}

/** Returns the record if the presented stream key matches it and the token is valid. Throws as `requireToken`. */
export function requireStreamKey(key: string, record: TokenRecord | undefined, now: Date, use?: AddressUse): TokenRecord {
  if (record === undefined || !isSame(key, streamKeyOf(record, use)))
    throw refusal('UNKNOWN', 'This address is unknown here: get it again, from an evaluation or with the key that it is of.')
  return requireValid(record, now)
}

function requireValid(record: TokenRecord, now: Date): TokenRecord {
  if (record.revokedAt !== null) throw refusal('REVOKED', `The key ${record.id} was revoked at ${record.revokedAt}.`)
  if (!(now.getTime() < Date.parse(record.expiresAt))) throw refusal('EXPIRED', `The key ${record.id} expired at ${record.expiresAt}.`)
  return record
}

/** Compares in constant time. The lengths differ only for malformed input or damaged records. */
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

/** Access that a request needs. `values`: policies in force. `read`: any data. `operate`: writing. `bot`: acting as that bot. */
export type Need = 'operate' | 'read' | 'values' | { bot: string }

/**
 * Scopes of a token. `operate`: all reads, and all writes that need no person's signature. `read`: all reads. `bot:<id>`: acting as that
 * bot (stream, alerts), and reading policies in force. `partner:<id>`: reading policies in force.
 */
const SCOPE = /^(operate|read|(bot|partner):[A-Za-z0-9][A-Za-z0-9._-]{0,199})$/

export const MAX_SCOPES = 16

export function isScope(text: unknown): text is string {
  return typeof text === 'string' && SCOPE.test(text)
}

/** Throws 403 `HMS_AUTH_SCOPE` if none of the scopes covers the needed access. */
export function requireScope(scopes: readonly string[], need: Need): void {
  if (scopes.some((scope) => covers(scope, need))) return
  const requiredScope = typeof need === 'object' ? `bot:${need.bot}` : need === 'operate' ? 'operate' : 'read'
  throw new HmsError('HMS_AUTH_SCOPE', `This key has the scopes ${scopes.join(', ')}; ${requiredScope} is required.`, {
    status: 403,
    next: isScope(requiredScope) ? [action('tokens.create', { scope: requiredScope })] : [],
  })
}

function covers(scope: string, need: Need): boolean {
  if (scope === 'operate') return true
  if (typeof need === 'object') return scope === `bot:${need.bot}`
  if (need === 'operate') return false
  return scope === 'read' || (need === 'values' && /^(bot|partner):/.test(scope))
}
