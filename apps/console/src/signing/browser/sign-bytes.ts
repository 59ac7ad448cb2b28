import { fromBase64, joined, toBase64, utf8 } from './bytes.js'
import type { OpenKey } from './open-key.js'

/** Of every statement that people sign. */
const TYPE = 'application/vnd.in-toto+json'

export interface SignedBytes {
  payload: string
  payloadType: typeof TYPE
  signatures: { keyid: string; sig: string }[]
}

/** A DSSE envelope around the bytes, with one signature. `payload` in base64. */
export async function signBytes(payload: string, key: OpenKey): Promise<SignedBytes> {
  const bytes = fromBase64(payload)
  // DSSE v1.0.2: type and body are counted in bytes.
  const encoded = joined(utf8(`DSSEv1 ${TYPE.length} ${TYPE} ${bytes.length} `), bytes)
  return { payload, payloadType: TYPE, signatures: [{ keyid: key.keyid, sig: toBase64(await key.sign(encoded)) }] }
}

/** `sha256:` and 64 hex digits. */
export async function digestOfBytes(bytes: Uint8Array, subtle: SubtleCrypto = globalThis.crypto.subtle): Promise<string> {
  const hash = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
