import type { Json, JsonObject, OfrepFlag, OfrepMetadata } from '#libs/contracts'
import type { Resolution } from './resolve.js'

/** What the holder of the copy says of it. */
type MoreMetadata = Pick<OfrepMetadata, 'state' | 'verification'>

/** The whole policy, then each member that OFREP has a form for. */
export function flagsOf(resolution: Resolution, more: MoreMetadata = {}): OfrepFlag[] {
  const fields = Object.keys(resolution.held.value)
  return [undefined, ...fields].flatMap((field) => flagOf(resolution, field, more) ?? [])
}

/** The policy, or one member of it; `null` for a member that is not there, or that is null, which OFREP has no form for. */
export function flagOf(resolution: Resolution, field?: string, more: MoreMetadata = {}): OfrepFlag | null {
  const { held, reason } = resolution
  const { value: policy, document } = held
  if (field !== undefined && !Object.hasOwn(policy, field)) return null
  const value = field === undefined ? { ...(policy as JsonObject) } : shown(policy[field])
  if (value === null) return null
  const key = field === undefined ? policy.id : `${policy.id}.${field}`
  return { key, value, reason, variant: policy.version, metadata: metadataOf(resolution, document.run, more) }
}

/** A list goes inside an object: the schema of OFREP knows none, though most providers take one. */
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
