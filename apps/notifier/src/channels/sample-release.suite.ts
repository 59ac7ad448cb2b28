import type { JsonObject, ReleaseDocument } from '#libs/contracts'
import { buildRelease, signEnvelope } from '#libs/signing'

/** Creates an unsigned release of a policy, for specs of message contents. */
export async function sampleRelease(policy: JsonObject & { id: string; version: string }): Promise<ReleaseDocument> {
  const plan = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }
  const history = { releaseEpoch: 1, previous: null, fallbacks: [], author: null }
  const times = { preparedAt: '2026-01-01T00:00:00Z', expires: '2026-01-08T00:00:00Z' }
  const { payload, digest, policyDigest } = buildRelease({ policy, scopes: ['global'], plan, ...history, ...times })
  const { id, version } = policy
  return { id, version, policyDigest, releaseDigest: digest, releaseEpoch: 1, envelope: await signEnvelope(payload, []) }
}
