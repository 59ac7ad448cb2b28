/** Content of a message about one policy. */
export type PolicyUpdate = {
  id: string
  version: string
  /** The policy digest, `sha256:…`, not the release digest. */
  digest: string
  /** RFC 3339, as written in the policy. */
  effective: string
  /** `ID@VERSION` of the versions this one replaces for the partner, including versions it was never notified of. */
  supersedes: readonly string[]
}

/** Body of a message. A run of N policies makes one message for each partner: the top level is the first policy, `policies` lists all. */
export type MessageUpdate = PolicyUpdate & {
  /** `ID@VERSION` of every policy of the run, this one included: they took effect together. */
  bundle: readonly string[]
  /** Each policy of a bundle; absent for a single policy. */
  policies?: readonly PolicyUpdate[]
  /** Public part of the reason for a rollback or a withdrawal. */
  reason?: string
  /** Where the partner acknowledges this message. */
  receipt: string
}

/**
 * Builds the body of `policy.updated`. The bytes are stored and reused on every attempt: key order and `timestamp`, the time of the event
 * and not of the attempt, are part of what partners may compare.
 */
export function policyUpdatedBody(update: MessageUpdate, timestamp: Date): Buffer {
  const { id, version, digest, effective, supersedes, bundle, policies, reason, receipt } = update
  const more = { ...(policies === undefined ? {} : { policies }), ...(reason === undefined ? {} : { reason }) }
  return Buffer.from(
    JSON.stringify({
      type: 'policy.updated',
      timestamp: timestamp.toISOString(),
      data: { intent: 'policy-update', id, version, digest, effective, supersedes, bundle, ...more, receipt },
    }),
  )
}

/** Builds the body of `policy.withdrawn`: `version` is no longer in force, without a replacement. The bytes are stored as above. */
export function policyWithdrawnBody(
  { id, version, digest, supersedes, reason, receipt }: Omit<MessageUpdate, 'effective' | 'bundle' | 'policies'>,
  timestamp: Date,
): Buffer {
  const data = { intent: 'policy-withdrawal', id, version, digest, supersedes, ...(reason === undefined ? {} : { reason }), receipt }
  return Buffer.from(JSON.stringify({ type: 'policy.withdrawn', timestamp: timestamp.toISOString(), data }))
}
