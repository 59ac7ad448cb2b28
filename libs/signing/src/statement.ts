import { canonicalJson, isObject, isSameBytes, textOf, utf8 } from '#libs/contracts'
import { SignatureError } from './signature-error.js'

export const STATEMENT_V1 = 'https://in-toto.io/Statement/v1'

/** Subject of a statement. `sha256` is in lower-case hex. */
export type Subject = { name: string; digest: { sha256: string } }
export type Statement<T> = { _type: typeof STATEMENT_V1; subject: Subject[]; predicateType: string; predicate: T }

/** Returns the bytes to sign: an in-toto Statement v1 in JCS form. */
export function statement(predicateType: string, subjects: readonly Subject[], predicate: unknown): Uint8Array {
  return utf8(canonicalJson({ _type: STATEMENT_V1, subject: subjects, predicateType, predicate }))
}

/** Parses a statement in JCS form: two parsers may read duplicate keys or `1e2` differently. The caller validates the predicate. */
export function readStatement<T>(payload: Uint8Array, expectedPredicateType: string): Statement<T> {
  const value = parseCanonical(payload)
  if (!isObject(value)) throw new SignatureError('HMS_STATEMENT_INVALID', 'a statement must be an object')
  if (value['_type'] !== STATEMENT_V1) throw new SignatureError('HMS_STATEMENT_TYPE', `_type is not ${STATEMENT_V1}`)
  if (value['predicateType'] !== expectedPredicateType)
    throw new SignatureError('HMS_STATEMENT_TYPE', `expected ${expectedPredicateType}, got ${String(value['predicateType'])}`)
  const { subject, predicate } = value
  if (!Array.isArray(subject) || subject.length === 0 || !subject.every(isSubject))
    throw new SignatureError('HMS_STATEMENT_INVALID', 'subject must name at least one item with its SHA-256')
  if (!isObject(predicate)) throw new SignatureError('HMS_STATEMENT_INVALID', 'predicate must be an object')
  return { _type: STATEMENT_V1, subject, predicateType: expectedPredicateType, predicate: predicate as T }
}

function parseCanonical(payload: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(textOf(payload))
    // Compares bytes, because invalid UTF-8 decodes to U+FFFD, which encodes to other bytes.
    if (isSameBytes(payload, utf8(canonicalJson(value)))) return value
  } catch {
    // Not JSON, without canonical form, or nested too deeply: not canonical either.
  }
  throw new SignatureError('HMS_SIGNATURE_NOT_CANONICAL', 'the payload is not canonical JSON (RFC 8785)')
}

function isSubject(value: unknown): value is Subject {
  if (!isObject(value) || typeof value['name'] !== 'string' || !isObject(value['digest'])) return false
  const hex = value['digest']['sha256']
  return typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex)
}
