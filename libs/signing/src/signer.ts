import { toBase64 } from '#libs/contracts'
import type { KeyObject } from 'node:crypto'
import { signBytes } from './crypto/node.js'
import { openEnvelope, pae, STATEMENT_TYPE, MAX_SIGNATURES, tooMany, type Envelope } from './envelope.js'
import { keyIdOf } from './keys.js'

/** Signer with an Ed25519 key in a file, an agent or a KMS. `sign` gets the bytes unhashed. */
export abstract class Signer {
  abstract readonly keyid: string
  abstract readonly sign: (bytes: Uint8Array) => Promise<Uint8Array> | Uint8Array
}

export function localSigner(privateKey: KeyObject): Signer {
  return { keyid: keyIdOf(privateKey), sign: (bytes) => signBytes(bytes, privateKey) }
}

export async function signEnvelope(payload: Uint8Array, signers: readonly Signer[], maxBytes?: number): Promise<Envelope> {
  let envelope: Envelope = { payload: toBase64(payload), payloadType: STATEMENT_TYPE, signatures: [] }
  for (const signer of signers) envelope = await addSignature(envelope, signer, maxBytes)
  return envelope
}

/** Returns the envelope with this signer's signature, which replaces one with its key id: signing twice is idempotent. */
export async function addSignature(envelope: Envelope, signer: Signer, maxBytes?: number): Promise<Envelope> {
  const { payload, payloadType } = openEnvelope(envelope, maxBytes)
  const others = envelope.signatures.filter((signature) => signature.keyid !== signer.keyid)
  if (others.length >= MAX_SIGNATURES) throw tooMany()
  const sig = toBase64(await signer.sign(pae(payloadType, payload)))
  return { payload: envelope.payload, payloadType, signatures: [...others, { keyid: signer.keyid, sig }] }
}
