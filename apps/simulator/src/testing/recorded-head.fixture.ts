import type { ConfigDocument, Envelope } from '#libs/contracts'
import { buildRelease, signEnvelope, signHead, STABLE_SCOPE, type HeadPredicate } from '#libs/signing'
import type { TestIdentity } from '../../../../test/support/identity.js'
import type { Limit } from './dossier.fixture.js'

const PLAN = { share: 500, scope: 'region:NCR', scopeName: 'NCR', observeMs: 0, bakeMs: 0, partners: null }

interface Recorded {
  /** Version held for later. */
  next?: Limit
  at?: string
  head?: Partial<HeadPredicate>
  /** Value of an additional field, to make the release large. */
  note?: string
}

/** Builds a stable head as config-store records it; `current` is `null` for a policy without a version in force. */
export async function recordedHead(
  { people, serviceSigner }: TestIdentity,
  id: string,
  current: Limit | null,
  { next, at = '2026-02-01T00:00:00Z', head: changes, note }: Recorded = {},
): Promise<ConfigDocument> {
  const release = async ([version, limit]: Limit, effective = '2025-01-01T00:00:00Z'): Promise<{ envelope: Envelope; digest: string }> => {
    const { payload, digest } = buildRelease({
      policy: { id, version, effective, limit, ...(note === undefined ? {} : { note }) },
      scopes: [STABLE_SCOPE, PLAN.scope],
      plan: PLAN,
      releaseEpoch: 1,
      previous: null,
      fallbacks: [],
      author: null,
      preparedAt: '2026-01-01T00:00:00Z',
      expires: '2027-01-01T00:00:00Z',
    })
    return { envelope: await signEnvelope(payload, [people.get('EPA Chief')!]), digest }
  }
  const [live, held] = [current === null ? null : await release(current), next === undefined ? undefined : await release(next, at)]
  const predicate: HeadPredicate = {
    policy: id,
    scope: STABLE_SCOPE,
    seq: 1,
    current: live?.digest ?? null,
    issuedAt: '2026-01-01T00:00:00Z',
    ...(held === undefined ? {} : { next: { release: held.digest, at } }),
    ...changes,
  }
  return {
    id,
    scope: predicate.scope,
    seq: predicate.seq,
    revision: 1,
    version: current?.[0] ?? null,
    digest: predicate.current,
    run: null,
    head: await signHead(predicate, serviceSigner('rollout')),
    release: live?.envelope ?? null,
    proof: null,
    ...(held === undefined ? {} : { next: { release: held.envelope } }),
  }
}
