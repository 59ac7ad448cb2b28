import type { JsonValue, ResolutionDetails, StandardResolutionReasons } from '@openfeature/server-sdk'
import type { Json } from '#libs/contracts'
import { evaluate, liveCanaries, type InForce, type Reader } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import type { ConnectionState, HeldDocumentSource } from '../connection/hms-connection.js'
import { ProviderError } from './provider-error.js'

/** Flag types of OpenFeature. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object'

/**
 * Resolves a flag: `ID` is the whole policy, `ID.FIELD` a field of it with its own type. Throws `FLAG_NOT_FOUND` and `TYPE_MISMATCH`; the
 * SDK then returns the caller's default. Pure except for the copy.
 */
export function resolveFlag<T extends JsonValue>(
  key: string,
  type: FlagType,
  reader: Reader,
  documents: HeldDocumentSource,
  state: ConnectionState,
): ResolutionDetails<T> {
  const { id, field } = partsOf(key)
  const now = documents.nowMs()
  const held = evaluate(documents.of(id), reader, now)?.held
  const value = held === undefined ? undefined : valueAt(held.value, field)
  if (held === undefined || value === undefined) {
    throw new ProviderError('FLAG_NOT_FOUND', `no policy, and no field of one that is in force for this context, is called ${key}`)
  }
  if (typeof value !== type) throw new ProviderError('TYPE_MISMATCH', `${key} is of type ${typeof value}, not ${type}`)
  return {
    value: value as T,
    variant: held.value.version,
    reason: reasonOf(held, liveCanaries(documents.of(id), now).length > 0, state),
    flagMetadata: metadataOf(held, state),
  }
}

/** Splits a flag key. Ids of policies have no dot; fields may. */
export function partsOf(key: string): { id: string; field: string | undefined } {
  const dot = key.indexOf('.')
  return dot === -1 ? { id: key, field: undefined } : { id: key.slice(0, dot), field: key.slice(dot + 1) }
}

/** Returns the value of a field; a null field counts as missing, because the SDK has no such type. */
function valueAt(policy: InForce['held']['value'], field: string | undefined): Json | undefined {
  if (field === undefined) return policy as unknown as Json
  return Object.hasOwn(policy, field) ? (policy[field] ?? undefined) : undefined
}

/** `STALE` takes precedence: the copy may be outdated. `STATIC` means the same value for every reader. */
function reasonOf({ head }: InForce['held'], canaryRuns: boolean, state: ConnectionState): keyof typeof StandardResolutionReasons {
  if (state !== 'READY') return 'STALE'
  if (head.scope !== STABLE_SCOPE) return 'SPLIT'
  return canaryRuns ? 'TARGETING_MATCH' : 'STATIC'
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
