import type { JsonValue, ResolutionDetails, StandardResolutionReasons } from '@openfeature/server-sdk'
import type { Json } from '#libs/contracts'
import { evaluate, liveCanaries, type InForce, type Reader } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import type { ConnectionState } from '../connection/hms-connection.js'
import type { HeldDocumentSource } from '../connection/live-connection.js'
import { ProviderError } from './provider-error.js'

/** What a caller of OpenFeature can ask for. */
export type FlagType = 'boolean' | 'string' | 'number' | 'object'

/**
 * The flag `ID` is the whole policy, `ID.FIELD` a field of it with its own type. Throws `FLAG_NOT_FOUND` and `TYPE_MISMATCH`; the
 * SDK then gives the caller's default. Pure but for the copy.
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

/** Ids of policies have no dot; fields may. */
export function partsOf(key: string): { id: string; field: string | undefined } {
  const dot = key.indexOf('.')
  return dot === -1 ? { id: key, field: undefined } : { id: key.slice(0, dot), field: key.slice(dot + 1) }
}

/** A field that is null is none: the SDK has no such type. */
function valueAt(policy: InForce['held']['value'], field: string | undefined): Json | undefined {
  if (field === undefined) return policy as unknown as Json
  return Object.hasOwn(policy, field) ? (policy[field] ?? undefined) : undefined
}

/** `STALE` tells of a copy that may be old, before all else; `STATIC` is the one answer that is the same for everybody. */
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
