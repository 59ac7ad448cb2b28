import { toBase64, utf8, type ServiceName } from '#libs/contracts'
import { digestOf, isDigest } from './digest.js'
import { openEnvelope, type Envelope } from './envelope.js'
import { PREDICATE_TYPES } from './predicate-types.js'
import type { Roster } from './roster/roster.js'
import { isText, isTime } from './shape.js'
import { SignatureError } from './signature-error.js'
import type { Signer } from './signer.js'
import { readUnverified, signStatement, subjectOfPredicate, verifyStatement, type StatementKind } from './statement-kind.js'

/** Statement about an HTTP request that authenticates it. `nonce` allows servers to accept it only once. */
export type RequestPredicate = {
  /** Installation that the request is for (`Roster.installation`). */
  audience: string
  method: string
  /** Path with query, as sent. */
  path: string
  body: string
  at: string
  nonce: string
}

const REQUEST: StatementKind<RequestPredicate> = {
  predicateType: PREDICATE_TYPES.request,
  shape: { audience: isDigest, method: isText, path: isText, body: isDigest, at: isTime, nonce: isText },
  subject: (request) => subjectOfPredicate(`${request.method} ${request.path}`, request),
}

const SCHEME = 'HMS-Statement '
const MAX_HEADER_LENGTH = 8 * 1024

export interface SignableRequest {
  method: string
  path: string
  body: Uint8Array
}

/** Signs a request and returns the value of its `authorization` header. Works in browsers too. */
export async function signRequest(signer: Signer, request: SignableRequest & { at: Date; audience: string }): Promise<string> {
  const predicate = {
    audience: request.audience,
    method: request.method,
    path: request.path,
    body: digestOf(request.body),
    at: request.at.toISOString(),
    nonce: globalThis.crypto.randomUUID(),
  }
  const envelope = await signStatement(REQUEST, predicate, [signer])
  const encoded = toBase64(utf8(JSON.stringify(envelope)))
  return SCHEME + encoded.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** A verified request whose body has not been compared yet. */
export interface SignedRequestHead {
  keyid: string
  predicate: RequestPredicate
}

/**
 * Verifies, before the body has arrived, that a person or operator of the roster, or `service`, signed method and path with a key valid at
 * the signing time. The caller checks audience, signing time, single use and body (`requireSignedBody`). Throws `SignatureError`.
 */
export function verifyRequestHead(
  header: string,
  request: Omit<SignableRequest, 'body'>,
  roster: Roster,
  service?: ServiceName,
): SignedRequestHead {
  if (!header.startsWith(SCHEME) || header.length > MAX_HEADER_LENGTH)
    throw new SignatureError('HMS_SIGNATURE_MALFORMED', 'the authorization header is not a signed request')
  const envelope = parseHeader(header.slice(SCHEME.length))
  // Cheap checks precede the verification, because any client can send a header.
  requireOneKeyId(envelope)
  const unverified = readUnverified(REQUEST, envelope).predicate
  if (unverified.method !== request.method || unverified.path !== request.path) throw otherRequest()
  const ofService = service === undefined ? [] : roster.serviceKeys(service)
  const keys = new Map([...roster.keysOfKind('person'), ...roster.keysOfKind('operator'), ...ofService])
  const { keyids, predicate } = verifyStatement(REQUEST, envelope, keys)
  const live = keyids.find((keyid) => roster.isLive(keyid, predicate.at))
  if (live === undefined)
    throw new SignatureError('HMS_SIGNATURE_UNKNOWN_KEY', `signed with ${keyids.join(', ')}, which is not valid at ${predicate.at}`)
  return { keyid: live, predicate }
}

/** Requires exactly one signature with a key id, so that it is not tried with every key of the roster. */
function requireOneKeyId(envelope: unknown): void {
  const { signatures } = openEnvelope(envelope)
  if (signatures.length !== 1 || signatures[0]!.keyid === '')
    throw new SignatureError('HMS_SIGNATURE_MALFORMED', 'a signed request must have exactly one signature, with its keyid')
}

export function requireSignedBody({ predicate }: SignedRequestHead, body: Uint8Array): void {
  if (predicate.body !== digestOf(body)) throw otherRequest()
}

function otherRequest(): SignatureError {
  return new SignatureError('HMS_SIGNATURE_INVALID', 'the signature is for another request')
}

/** Returns the statement in the `authorization` header of a verified request; `undefined` for an unsigned request. */
export function requestStatement(header: string | undefined): Envelope | undefined {
  return header?.startsWith(SCHEME) === true ? (parseHeader(header.slice(SCHEME.length)) as Envelope) : undefined
}

function parseHeader(encoded: string): unknown {
  try {
    return JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
  } catch {
    throw new SignatureError('HMS_SIGNATURE_MALFORMED', 'the authorization header is not a signed request')
  }
}
