/** What a message says of one policy. */
export type PolicyUpdate = {
  id: string
  version: string
  /** The policy digest, `sha256:…`, not the release digest. */
  digest: string
  /** RFC 3339, as written in the policy. */
  effective: string
  /** `ID@VERSION` of what this version replaces for the partner, those it was never told of included. */
  supersedes: readonly string[]
}

/** A run of N policies makes one message for each partner: that of the first, with all of them in `policies`. */
export type MessageUpdate = PolicyUpdate & {
  /** `ID@VERSION` of every policy of the run, this one included: they took effect together. */
  bundle: readonly string[]
  /** Where the bundle has several: each of them. */
  policies?: readonly PolicyUpdate[]
  /** Of a rollback or a withdrawal: what people made public of its reason. */
  reason?: string
  /** Where the partner acknowledges this message. */
  receipt: string
}

/**
 * The body of `policy.updated`. The bytes are kept and sent again on every try: key order and `timestamp`, the moment of the
 * event and not of the try, are part of what partners may compare.
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

/** The body of `policy.withdrawn`: `version` is in force no more, and nothing is in its place. The bytes are kept as above. */
export function policyWithdrawnBody(
  { id, version, digest, supersedes, reason, receipt }: Omit<MessageUpdate, 'effective' | 'bundle' | 'policies'>,
  timestamp: Date,
): Buffer {
  const data = { intent: 'policy-withdrawal', id, version, digest, supersedes, ...(reason === undefined ? {} : { reason }), receipt }
  return Buffer.from(JSON.stringify({ type: 'policy.withdrawn', timestamp: timestamp.toISOString(), data }))
}
