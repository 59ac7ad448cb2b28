import { isSignature, type PublicKey } from './crypto/node.js'
import { MAX_SIGNATURES, openEnvelope, pae, STATEMENT_TYPE } from './envelope.js'
import { SignatureError } from './signature-error.js'

/** Public keys by key id. The caller selects who may sign: keys of a role, never all known keys. */
export type Keys = ReadonlyMap<string, PublicKey>

/** Maximum verifications per envelope: each of its signatures by its key, and as many for those without a key id. */
const MAX_TRIES = 2 * MAX_SIGNATURES
const ED25519_SIGNATURE_BYTES = 64

export type VerifiedEnvelope = {
  /** The bytes that were verified. */
  payload: Uint8Array
  /** Distinct ids of the signing keys, in the order of the signatures. Keys, not people: see `approvalState`. */
  keyids: string[]
  /** Key ids, as in the envelope, of signatures that are invalid, or by none of `keys`. */
  invalid: string[]
}

/**
 * Opens an envelope and separates its valid from its invalid signatures. Does not throw if none is valid; throws `HMS_SIGNATURE_MALFORMED`,
 * `_TOO_MANY`, or `HMS_STATEMENT_TYPE` for a payload type other than a statement.
 */
export function checkSignatures(envelope: unknown, keys: Keys, maxBytes?: number): VerifiedEnvelope {
  const { payload, payloadType, signatures } = openEnvelope(envelope, maxBytes)
  if (payloadType !== STATEMENT_TYPE) throw new SignatureError('HMS_STATEMENT_TYPE', `the payload type is not ${STATEMENT_TYPE}`)
  const bytes = pae(payloadType, payload)
  const keyids = new Set<string>()
  const invalid: string[] = []
  const tries = { left: MAX_TRIES }
  for (const { keyid, sig } of signatures) {
    const signedBy = keyThatSigned(bytes, keyid, sig, keys, tries)
    if (signedBy === undefined) invalid.push(keyid)
    else keyids.add(signedBy)
  }
  return { payload, keyids: [...keyids], invalid }
}

/** As `checkSignatures`, but throws `HMS_SIGNATURE_INVALID` or `HMS_SIGNATURE_UNKNOWN_KEY` unless at least one signature is valid. */
export function verifyEnvelope(envelope: unknown, keys: Keys, maxBytes?: number): VerifiedEnvelope {
  const verified = checkSignatures(envelope, keys, maxBytes)
  if (verified.keyids.length > 0) return verified
  const named = verified.invalid.filter((keyid) => keyid === '' || keys.has(keyid))
  if (named.length > 0) throw new SignatureError('HMS_SIGNATURE_INVALID', `no signature matches the payload (${named.join(', ')})`)
  const who = verified.invalid.join(', ') || 'no one'
  throw new SignatureError('HMS_SIGNATURE_UNKNOWN_KEY', `signed by ${who}, who may not sign this`)
}

/**
 * Returns the key that signed. The key id is a hint that selects the key to try; if it is empty (as written by cosign) all are tried within
 * the limit: an envelope of unknown origin costs a bounded number of verifications, however many keys the roster has.
 */
function keyThatSigned(bytes: Uint8Array, hint: string, sig: Uint8Array, keys: Keys, tries: { left: number }): string | undefined {
  const candidates = hint === '' ? [...keys.keys()] : [hint]
  return candidates.find((keyid) => {
    const key = keys.get(keyid)
    return key !== undefined && sig.length === ED25519_SIGNATURE_BYTES && tries.left-- > 0 && isSignature(bytes, key, sig)
  })
}
