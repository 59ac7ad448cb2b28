import type { ErrorCode, JsonValue, ResolutionDetails } from '@openfeature/server-sdk'
import type { Json } from '#libs/contracts'
import { resolve, type InForce, type Reader } from '#libs/evaluation'
import type { ConnectionState, HeldDocumentSource } from '../connection/hms-connection.js'

/** Error with the `code` that the SDK reads. The SDK's classes are not used, because the SDK may be missing at run time. */
export class ProviderError extends Error {
  readonly code: ErrorCode

  constructor(code: `${ErrorCode}`, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProviderError'
    // The members of the SDK's enum are these strings.
    this.code = code as ErrorCode
  }
}

export type FlagType = 'boolean' | 'string' | 'number' | 'object'

/** Resolves a flag: `ID` is the whole policy, `ID.FIELD` a field of its own type. Throws `FLAG_NOT_FOUND` and `TYPE_MISMATCH`. */
export function resolveFlag<T extends JsonValue>(
  key: string,
  type: FlagType,
  reader: Reader,
  documents: HeldDocumentSource,
  state: ConnectionState,
): ResolutionDetails<T> {
  // Policy ids have no dots, but field names may.
  const dot = key.indexOf('.')
  const [id, field] = dot === -1 ? [key, undefined] : [key.slice(0, dot), key.slice(dot + 1)]
  const found = resolve(documents.of(id), reader, documents.nowMs())
  const value = found === null ? undefined : valueAt(found.held.value, field)
  if (found === null || value === undefined) {
    throw new ProviderError('FLAG_NOT_FOUND', `no policy, and no field of one that is in force for this context, is called ${key}`)
  }
  if (typeof value !== type) throw new ProviderError('TYPE_MISMATCH', `${key} is of type ${typeof value}, not ${type}`)
  const { held, reason } = found
  return {
    value: value as T,
    variant: held.value.version,
    // Unless the connection is READY, the copy may be outdated.
    reason: state === 'READY' ? reason : 'STALE',
    flagMetadata: metadataOf(held, state),
  }
}

/** Returns the value of a field; the policy if `field` is undefined. A null field counts as missing: the SDK has no null type. */
function valueAt(policy: InForce['held']['value'], field: string | undefined): Json | undefined {
  if (field === undefined) return policy as unknown as Json
  return Object.hasOwn(policy, field) ? (policy[field] ?? undefined) : undefined
}

function metadataOf({ document, head, value }: InForce['held'], state: ConnectionState): Record<string, string | number | boolean> {
  const { revision, digest, run } = document
  return {
    policyVersion: value.version,
    revision,
    ...(digest === null ? {} : { digest }),
    scope: head.scope,
    effective: value.effective,
    ...(run === null ? {} : { runId: run }),
    state,
  }
}
