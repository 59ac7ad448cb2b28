import {
  action,
  HmsError,
  peekPredicate,
  type ReleaseDocument,
  type RolloutPlan,
  stepsOf,
  toBase64,
  type VersionRef,
  type Action,
} from '#libs/contracts'
import { compareVersions, type PolicyDocument } from '#libs/policy'
import {
  buildRelease,
  bundleOf,
  droppedTags,
  STATEMENT_TYPE,
  tagsOf,
  type BreakGlassOrder,
  refOf,
  type PreparedRelease,
  type ReleasePredicate,
  type Roster,
} from '#libs/signing'
import { nextEpoch, type PolicyRecord } from '../policies/policy.table.js'
import { fallbacksOf, type KnownReleases } from './fallbacks.js'
import type { ParsedPolicy } from './parse-policies.js'

export interface NewPolicy {
  policy: PolicyDocument
  digest: string
  /** Tags of earlier releases that this version dropped; they still determine its approvers. */
  droppedTags: string[]
  /** Set if the release is break-glass and skips simulation and canary. */
  breakGlass?: BreakGlassOrder
}

/** Earlier versions of a policy that constrain a new one. */
export interface PolicyHistory extends KnownReleases {
  /** Digest under which this version was signed before; undefined for a new version. */
  signed: VersionRef | undefined
}

export interface PrepareInput {
  policies: NewPolicy[]
  records: Map<string, PolicyRecord>
  histories: Map<string, PolicyHistory>
  plan: RolloutPlan
  fallbacks: string[]
  /** By policy id. */
  authors: Map<string, string | null>
  /** By policy id: release that the new one follows; `null` for a first version. */
  predecessors: Map<string, ReleaseDocument | null>
  now: Date
  expiresAt: Date
}

/** Adds the tags that each policy drops: tags of its predecessor, and of all releases that a reader may still have as stable. */
export function withDroppedTags(
  roster: Roster,
  policies: readonly ParsedPolicy[],
  histories: Map<string, PolicyHistory>,
  predecessors: Map<string, ReleaseDocument | null>,
): NewPolicy[] {
  return policies.map(({ policy, digest }) => {
    const before = [...histories.get(policy.id)!.released, predecessors.get(policy.id) ?? []].flat()
    const tags = before.flatMap(({ envelope }) => tagsOf(peekPredicate<ReleasePredicate>(envelope)))
    return { policy, digest, droppedTags: droppedTags(roster, tagsOf({ policy }), tags) }
  })
}

/** Returns the unsigned releases. All approvers sign their payloads, which include epoch, previous version, fallbacks and plan. Pure. */
export function prepareReleases(input: PrepareInput): ReleaseDocument[] {
  const bundle = bundleOf(input.policies.map(({ digest }) => digest))
  // guard: foreign-fallback
  const foreign = input.fallbacks.find((named) => !input.policies.some(({ policy }) => named.startsWith(`${policy.id}@`)))
  if (foreign !== undefined) throw new HmsError('HMS_APPROVER_FALLBACK_UNKNOWN', `${foreign} is of no policy in this run.`, { status: 409 })
  return input.policies.map(({ policy, digest, droppedTags, breakGlass }) => {
    const record = input.records.get(policy.id)!
    const history = input.histories.get(policy.id)!
    requireUnusedVersion(record, history, policy, digest)
    const predecessor = input.predecessors.get(policy.id) ?? null
    const release = buildRelease({
      policy: policy as ReleasePredicate['policy'],
      releaseEpoch: nextEpoch(record),
      previous: predecessor === null ? null : refOf(predecessor),
      fallbacks: fallbacksOf(
        record,
        history,
        predecessor,
        input.fallbacks.filter((named) => named.startsWith(`${policy.id}@`)),
      ),
      scopes: [...new Set(['global', ...stepsOf(input.plan).map(({ scope }) => scope)])],
      ...(droppedTags.length === 0 ? {} : { droppedTags }),
      author: input.authors.get(policy.id) ?? null,
      plan: input.plan,
      bundle,
      ...(breakGlass === undefined ? {} : { breakGlass }),
      preparedAt: input.now.toISOString(),
      expires: input.expiresAt.toISOString(),
    })
    return unsigned(release)
  })
}

/** Returns the release document without signatures, as stored and published. */
export function unsigned({ predicate, payload, digest, policyDigest }: PreparedRelease): ReleaseDocument {
  const { policy, releaseEpoch } = predicate
  const envelope = { payload: toBase64(payload), payloadType: STATEMENT_TYPE, signatures: [] }
  return { id: policy.id, version: policy.version, policyDigest, releaseDigest: digest, releaseEpoch, envelope }
}

function requireUnusedVersion(record: PolicyRecord, { signed }: PolicyHistory, policy: PolicyDocument, digest: string): void {
  const { id, version } = policy
  const name = `${id}@${version}`
  const conflict = (code: string, detail: string, next: Action): HmsError => new HmsError(code, detail, { status: 409, next: [next] })
  if (signed !== undefined && signed.digest !== digest) {
    const detail = `${name} was approved before with other content. Use a higher version.`
    throw conflict('HMS_APPROVER_VERSION_REUSED', detail, action('get', { policy: id }))
  }
  const { live, next, withdrawn } = record
  if (next?.release.policyDigest === digest)
    throw conflict(
      'HMS_APPROVER_ALREADY_LIVE',
      `${name} has been delivered to all readers and takes effect at ${next.at}.`,
      action('runs.list'),
    )
  if (live?.policyDigest === digest) throw conflict('HMS_APPROVER_ALREADY_LIVE', `${name} is live already.`, action('get', { policy: id }))
  if (live !== null && compareVersions(version, live.version) <= 0) {
    const detail = `${name} is not above the live ${live.version}. To go back, use rollback.`
    throw conflict('HMS_APPROVER_VERSION_NOT_HIGHER', detail, action('rollback.unsigned', { policy: id, version }))
  }
  // guard: withdrawn-version-floor
  if (live === null && withdrawn !== undefined && compareVersions(version, withdrawn) <= 0) {
    const detail = `${name} is not above ${withdrawn}, which was withdrawn. Raise it, or sign a rollback to an earlier version.`
    throw conflict('HMS_APPROVER_VERSION_NOT_HIGHER', detail, action('rollback', { policy: id, version }))
  }
}
