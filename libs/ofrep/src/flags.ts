import type { Json, JsonObject, OfrepFlag, OfrepMetadata } from '#libs/contracts'
import type { Resolution } from './resolve.js'

/** Metadata from the owner of the copy. */
type MoreMetadata = Pick<OfrepMetadata, 'state' | 'verification'>

/** Returns the flag of the whole policy, then one for each member that OFREP can represent. */
export function flagsOf(resolution: Resolution, more: MoreMetadata = {}): OfrepFlag[] {
  const fields = Object.keys(resolution.held.value)
  return [undefined, ...fields].flatMap((field) => flagOf(resolution, field, more) ?? [])
}

/** Returns the flag of the policy, or of one member; `null` for a missing member or one that is null, which OFREP cannot represent. */
export function flagOf(resolution: Resolution, field?: string, more: MoreMetadata = {}): OfrepFlag | null {
  const { held, reason } = resolution
  const { value: policy, document } = held
  if (field !== undefined && !Object.hasOwn(policy, field)) return null
  const value = field === undefined ? { ...(policy as JsonObject) } : shown(policy[field])
  if (value === null) return null
  const key = field === undefined ? policy.id : `${policy.id}.${field}`
  return { key, value, reason, variant: policy.version, metadata: metadataOf(resolution, document.run, more) }
}

/** Wraps a list in an object: the schema of OFREP has no lists, though most providers accept one. */
function shown(value: Json | undefined): OfrepFlag['value'] | null {
  if (value === undefined || value === null) return null
  return Array.isArray(value) ? { items: value } : (value as OfrepFlag['value'])
}

function metadataOf({ held }: Resolution, run: number | null, { state, verification }: MoreMetadata): OfrepMetadata {
  const { value, head, firstRevision } = held
  return {
    policyVersion: value.version,
    revision: firstRevision,
    digest: head.current!,
    scope: head.scope,
    effective: value.effective,
    ...(run === null ? {} : { runId: run }),
    ...(state === undefined ? {} : { state }),
    ...(verification === undefined ? {} : { verification }),
  }
}
