import { canonicalJson } from '#libs/contracts'
import { toBase64, utf8 } from './bytes.js'
import type { OpenKey } from './open-key.js'
import { digestOfBytes, signBytes } from './sign-bytes.js'

export interface RequestToSign {
  /** `installation` of the roster: for whom the request is. */
  audience: string
  path: string
  body: string
  at: Date
}

/** Value of the `authorization` header of a POST that a person signs; it counts for a minute, once. */
export async function signRequest({ audience, path, body, at }: RequestToSign, key: OpenKey): Promise<string> {
  const predicate = {
    audience,
    method: 'POST',
    path,
    body: await digestOfBytes(utf8(body)),
    at: at.toISOString(),
    nonce: globalThis.crypto.randomUUID(),
  }
  const digest = await digestOfBytes(utf8(canonicalJson(predicate)))
  const statement = canonicalJson({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: `POST ${path}`, digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType: 'https://hms-svc.dev/attestation/request/v1',
    predicate,
  })
  const envelope = await signBytes(toBase64(utf8(statement)), key)
  const encoded = toBase64(utf8(JSON.stringify(envelope)))
  return `HMS-Statement ${encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`
}
