import { fromBase64, toBase64, toHex } from '#libs/contracts'
import { pae, STATEMENT_TYPE } from '#libs/signing'
import type { OpenKey } from './open-key.js'

export interface SignedBytes {
  payload: string
  payloadType: typeof STATEMENT_TYPE
  signatures: { keyid: string; sig: string }[]
}

/** A DSSE envelope around the bytes, with one signature. `payload` in base64. */
export async function signBytes(payload: string, key: OpenKey): Promise<SignedBytes> {
  const sig = await key.sign(pae(STATEMENT_TYPE, fromBase64(payload)))
  return { payload, payloadType: STATEMENT_TYPE, signatures: [{ keyid: key.keyid, sig: toBase64(sig) }] }
}

/** `sha256:` and 64 hex digits. */
export async function digestOfBytes(bytes: Uint8Array, subtle: SubtleCrypto = globalThis.crypto.subtle): Promise<string> {
  return `sha256:${toHex(new Uint8Array(await subtle.digest('SHA-256', bytes as BufferSource)))}`
}
