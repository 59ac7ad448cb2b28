import { HmsError, type TokenRecord } from '#libs/contracts'
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { digestOf } from '../digest.js'

/**
 * A key for a program: `hms_<id>_<secret>`. The id is public and names the record; the secret is 32 random bytes, base64url. What is kept
 * is SHA-256 over the whole text: with 256 random bits there is nothing to guess and no need for a slow hash, and a secret under another
 * id is another key.
 */
const FORM = /^hms_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/
const ID_BYTES = 6
const SECRET_BYTES = 32

/** A fresh key and what to keep of it. */
export function mintToken(): { token: string; id: string; hash: string } {
  const id = randomBytes(ID_BYTES).toString('hex')
  const token = `hms_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { token, id, hash: digestOf(token) }
}

/** The id of a well-formed key, `undefined` for any other text. */
export function tokenIdOf(token: string): string | undefined {
  return FORM.exec(token)?.[1]
}

/**
 * Whether the key that was presented is the recorded one, and counts now. Throws 401 `HMS_AUTH_TOKEN_UNKNOWN` for a wrong secret and for no
 * record alike; that a key was revoked or has expired is told only to who holds it.
 */
export function requireToken(token: string, record: TokenRecord | undefined, now: Date): TokenRecord {
  if (record === undefined || !isSame(digestOf(token), record.hash)) {
    throw refusal('UNKNOWN', 'No such key is known here. One that was made a moment ago counts within seconds.')
  }
  return requireCounting(record, now)
}

/**
 * What opens the event stream of OFREP for the holder of a key, and nothing else: browsers send no header there, so it stands in the
 * address. Made from the record, so that every instance knows it, it is the same as long as the key counts.
 */
export function streamKeyOf({ id, hash }: Pick<TokenRecord, 'id' | 'hash'>): string {
  return `${id}.${digestOf(`ofrep-events ${hash}`).slice('sha256:'.length)}`
}

/** The same as `requireToken`, for a stream key. */
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

/** Takes the same time wherever the first difference lies. Digests are all of one length, damaged records aside. */
function isSame(presented: string, recorded: string): boolean {
  const [one, other] = [Buffer.from(presented), Buffer.from(recorded)]
  return one.length === other.length && timingSafeEqual(one, other)
}

function refusal(reason: string, detail: string): HmsError {
  return new HmsError(`HMS_AUTH_TOKEN_${reason}`, detail, {
    status: 401,
    next: ['hms-svc tokens list', 'hms-svc tokens create --scope SCOPE --sign NAME'],
  })
}
