import { concatBytes, fromBase64, isObject, toBase64, utf8, type Envelope } from '#libs/contracts'
import { SignatureError } from './signature-error.js'

export const STATEMENT_TYPE = 'application/vnd.in-toto+json'

/** Limits of accepted envelopes, which come from untrusted sources. Every signature costs a verification. */
export const MAX_SIGNATURES = 16
const MAX_PAYLOAD_BYTES = 1024 * 1024
/** Maximum payload of a stage event, which contains all releases of a run. In base64 it fits into a message of 4 MiB. */
export const MAX_EVENT_BYTES = 2.5 * 1024 * 1024
const MAX_KEYID_LENGTH = 256
const MAX_SIGNATURE_LENGTH = 256

export type { Envelope }

export type OpenedEnvelope = { payload: Uint8Array; payloadType: string; signatures: { keyid: string; sig: Uint8Array }[] }

/** Returns the pre-authentication encoding of DSSE v1.0.2, which is signed. The lengths in it are in bytes, not characters. */
export function pae(type: string, body: Uint8Array): Uint8Array {
  return concatBytes([utf8(`DSSEv1 ${utf8(type).length} ${type} ${body.length} `), body])
}

/**
 * Decodes an envelope of unknown origin. Callers pass on `payload` and never decode again (dsse issue 68). Ignores unknown members; a
 * missing keyid becomes the empty string. Does not verify signatures. Throws `HMS_SIGNATURE_MALFORMED` or `HMS_SIGNATURE_TOO_MANY`.
 */
export function openEnvelope(value: unknown, maxBytes = MAX_PAYLOAD_BYTES): OpenedEnvelope {
  if (!isObject(value)) throw malformed('the envelope is not an object')
  const { payload, payloadType, signatures } = value
  if (typeof payload !== 'string' || typeof payloadType !== 'string') throw malformed('payload and payloadType must be strings')
  if (payload.length > Math.ceil(maxBytes / 3) * 4) throw malformed(`the payload is larger than ${maxBytes / 1024 / 1024} MiB`)
  if (!Array.isArray(signatures)) throw malformed('signatures must be a list')
  if (signatures.length > MAX_SIGNATURES) throw tooMany()
  return { payload: decodeBase64(payload, 'payload'), payloadType, signatures: signatures.map(openSignature) }
}

export function tooMany(): SignatureError {
  return new SignatureError('HMS_SIGNATURE_TOO_MANY', `an envelope may have at most ${MAX_SIGNATURES} signatures`)
}

function openSignature(value: unknown): { keyid: string; sig: Uint8Array } {
  if (!isObject(value)) throw malformed('a signature must be an object')
  const { keyid = '', sig } = value
  if (typeof keyid !== 'string' || keyid.length > MAX_KEYID_LENGTH)
    throw malformed(`keyid must be a string of at most ${MAX_KEYID_LENGTH} characters`)
  if (typeof sig !== 'string' || sig.length > MAX_SIGNATURE_LENGTH) throw malformed('sig must be base64')
  return { keyid, sig: decodeBase64(sig, 'sig') }
}

/** Decodes base64, standard or URL-safe, padded or not. Refuses a text that re-encoding changes: Node decodes many texts to equal bytes. */
function decodeBase64(text: string, member: string): Uint8Array {
  const bytes = fromBase64(text)
  const standard = toBase64(bytes)
  if (standard === text) return bytes
  const urlSafe = standard.replaceAll('+', '-').replaceAll('/', '_')
  const forms = [urlSafe, standard.replace(/=+$/, ''), urlSafe.replace(/=+$/, '')]
  if (!forms.includes(text)) throw malformed(`${member} is not base64`)
  return bytes
}

function malformed(detail: string): SignatureError {
  return new SignatureError('HMS_SIGNATURE_MALFORMED', detail)
}
