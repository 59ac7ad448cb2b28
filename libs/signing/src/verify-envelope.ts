import { isSignature, type PublicKey } from './crypto/node.js'
import { MAX_SIGNATURES, openEnvelope, pae, STATEMENT_TYPE } from './envelope.js'
import { SignatureError } from './signature-error.js'

/** Public keys by key id. The caller passes only the keys that may sign, never all known keys. */
export type Keys = ReadonlyMap<string, PublicKey>

/** Maximum verifications per envelope: one for each possible signature, and as many again for signatures without a key id. */
const MAX_TRIES = 2 * MAX_SIGNATURES
const ED25519_SIGNATURE_BYTES = 64

export type VerifiedEnvelope = {
  payload: Uint8Array
  /** Distinct ids of the keys that signed, in the order of the signatures. One person may have several keys: see `approvalState`. */
  keyids: string[]
  /** Key ids, as in the envelope, of signatures that are invalid or by a key that is not in `keys`. */
  invalid: string[]
}

/** Checks all signatures; none needs to be valid. Throws `HMS_SIGNATURE_MALFORMED`, `HMS_SIGNATURE_TOO_MANY`, `HMS_STATEMENT_TYPE`. */
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

/** Like `checkSignatures`, but throws `HMS_SIGNATURE_INVALID` or `HMS_SIGNATURE_UNKNOWN_KEY` unless at least one signature is valid. */
export function verifyEnvelope(envelope: unknown, keys: Keys, maxBytes?: number): VerifiedEnvelope {
  const verified = checkSignatures(envelope, keys, maxBytes)
  if (verified.keyids.length > 0) return verified
  const named = verified.invalid.filter((keyid) => keyid === '' || keys.has(keyid))
  if (named.length > 0) throw new SignatureError('HMS_SIGNATURE_INVALID', `no signature matches the payload (${named.join(', ')})`)
  const signers = verified.invalid.join(', ') || 'no one'
  throw new SignatureError('HMS_SIGNATURE_UNKNOWN_KEY', `signed by ${signers}, who may not sign this`)
}

/** Returns the id of the key that signed. `hint` selects it; if empty (cosign) all keys are tried, up to `tries`, to bound the cost. */
function keyThatSigned(bytes: Uint8Array, hint: string, sig: Uint8Array, keys: Keys, tries: { left: number }): string | undefined {
  const candidates = hint === '' ? [...keys.keys()] : [hint]
  return candidates.find((keyid) => {
    const key = keys.get(keyid)
    return key !== undefined && sig.length === ED25519_SIGNATURE_BYTES && tries.left-- > 0 && isSignature(bytes, key, sig)
  })
}
