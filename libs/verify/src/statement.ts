import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto'
import { BundleRefused } from './refused.js'

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type JsonObject = { [name: string]: Json }

export interface Statement {
  predicate: JsonObject
  /** Hex SHA-256 of the only subject. */
  subject: string
  /** `sha256:` and hex over the payload. */
  digest: string
  /** DSSE's pre-authentication encoding: the signed bytes. */
  signed: Buffer
  signatures: { keyid: string; sig: Buffer }[]
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREFIX = 'https://hms-svc.dev/attestation/'
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')
const MAX_SIGNATURES = 16

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Serializes JSON in its canonical form (RFC 8785): members in the order of their UTF-16 units. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(',')}}`
}

export function jsonIn(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** Parses JSON in canonical form. Refuses all other bytes, because two parsers could read them differently. */
function readCanonical(bytes: Buffer): Json {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as Json
    if (bytes.equals(Buffer.from(canonical(value)))) return value
  } catch {
    // Not JSON, or nested too deep: refused below.
  }
  throw new BundleRefused('HMS_VERIFY_SIGNATURE', 'a signed payload is not JSON in canonical form')
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Parses a DSSE envelope with its in-toto statement. Verifies no signature. */
export function openStatement(envelope: unknown, kind: 'release' | 'head' | 'roster'): Statement {
  if (
    !isObject(envelope) ||
    envelope['payloadType'] !== PAYLOAD_TYPE ||
    typeof envelope['payload'] !== 'string' ||
    !Array.isArray(envelope['signatures'])
  ) {
    throw new BundleRefused('HMS_VERIFY_SIGNATURE', `the ${kind} is not an envelope`)
  }
  const payload = decodeBase64(envelope['payload'])
  const statement = readCanonical(payload)
  if (!isObject(statement) || statement['_type'] !== STATEMENT_TYPE || statement['predicateType'] !== `${PREFIX}${kind}/v1`)
    throw new BundleRefused('HMS_VERIFY_SIGNATURE', `the ${kind} is a statement of another kind`)
  const { predicate, subject } = statement
  const digest =
    Array.isArray(subject) && subject.length === 1 && isObject(subject[0]) && isObject(subject[0]['digest'])
      ? subject[0]['digest']['sha256']
      : undefined
  if (!isObject(predicate) || typeof digest !== 'string' || envelope['signatures'].length > MAX_SIGNATURES)
    throw new BundleRefused('HMS_VERIFY_SIGNATURE', `the ${kind} lacks what a statement has`)
  return {
    predicate,
    subject: digest,
    digest: `sha256:${sha256(payload)}`,
    signed: Buffer.concat([Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload]),
    signatures: envelope['signatures'].map((entry) => readSignature(entry, kind)),
  }
}

/** Reads a signature: its bytes and its key id, which is empty in signatures by cosign. */
function readSignature(entry: Json, kind: string): Statement['signatures'][number] {
  if (!isObject(entry) || typeof entry['keyid'] !== 'string' || typeof entry['sig'] !== 'string')
    throw new BundleRefused('HMS_VERIFY_SIGNATURE', `a signature of the ${kind} lacks its key id or its bytes`)
  return { keyid: entry['keyid'], sig: decodeBase64(entry['sig']) }
}

/** Returns the ids of the keys that signed. A signature with an empty key id, as cosign writes it, is tried with every key. */
export function signersOf({ signed, signatures }: Statement, keys: ReadonlyMap<string, KeyObject>): Set<string> {
  const found = new Set<string>()
  for (const { keyid, sig } of signatures) {
    for (const [name, key] of keys) if ((keyid === '' || keyid === name) && verify(null, signed, key, sig)) found.add(name)
  }
  return found
}

/** Parses an Ed25519 key from its SubjectPublicKeyInfo, with its OpenSSH fingerprint. */
export function readKey(spki: string): { key: KeyObject; keyid: string } {
  const der = Buffer.from(spki, 'base64')
  const raw = der.subarray(SPKI_PREFIX.length)
  if (!der.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX) || raw.length !== 32)
    throw new BundleRefused('HMS_VERIFY_ROSTER', 'a key of the roster is not an Ed25519 key')
  const blob = Buffer.concat([Buffer.from('0000000b', 'hex'), Buffer.from('ssh-ed25519'), Buffer.from('00000020', 'hex'), raw])
  const keyid = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
  return { key: createPublicKey({ key: der, format: 'der', type: 'spki' }), keyid }
}

export function rawKey(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' })
}

function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text && bytes.toString('base64url') !== text.replace(/=+$/, ''))
    throw new BundleRefused('HMS_VERIFY_SIGNATURE', 'base64 with something else in it')
  return bytes
}
