import type { ReleaseDocument, VersionRef } from '#libs/contracts'
import { documentTable, type Transaction } from '#libs/persistence'
import type { PolicyRecord } from './policy.table.js'

/** Signed version of a policy; immutable and kept forever. Each is a row of its own, so no row grows with their number. */
export interface PolicyVersion extends VersionRef {
  policy: string
  /** Newest release of this version that was live; `null` if none was. */
  release: ReleaseDocument | null
  /** `seq` of the last stable head before the release was replaced; `null` until then. Sorts versions by when they were live. */
  replacedSeq: number | null
  /** Last rollback of this version, by its own run or by people. */
  takenBack?: TakenBack
}

/**
 * Rollback of a version. `run`: the version's own run or the run of a rollback; `null` if people rolled back or withdrew without a run.
 * `epoch`: the highest epoch assigned by then. `seq`: number of the stable head that rolled it back, if known.
 */
export interface TakenBack {
  run: number | null
  at: string
  epoch: number
  seq?: number
}

export const POLICY_VERSIONS = documentTable<PolicyVersion>({
  name: 'policy_version',
  id: ({ policy, version }) => `${policy}@${version}`,
  keys: {
    policy: { type: 'text', of: ({ policy }) => policy },
    /** Version without build metadata, which comparisons ignore. */
    precedence: { type: 'text', of: ({ version }) => precedenceOf(version) },
    replaced_seq: { type: 'bigint', of: ({ release, replacedSeq }) => (release === null ? null : replacedSeq) },
  },
  indexes: [
    ['policy', 'precedence'],
    ['policy', 'replaced_seq'],
  ],
})

/** Number of newest versions read: enough for the five fallbacks of any release. Older ones are looked up by version. */
const NEWEST_READ = 20

/** Returns the digest under which the version was signed before; undefined for a new version. */
export async function signedAs(tx: Transaction, policy: string, version: string): Promise<VersionRef | undefined> {
  return tx.documents(POLICY_VERSIONS).get(`${policy}@${version}`)
}

export async function recordSigned(tx: Transaction, policy: string, { version, digest }: VersionRef): Promise<void> {
  await tx.documents(POLICY_VERSIONS).insert({ policy, version, digest, release: null, replacedSeq: null })
}

/** Returns signed versions that equal this one apart from build metadata, at most `limit`. */
export async function signedBuildsOf(tx: Transaction, policy: string, version: string, limit: number): Promise<VersionRef[]> {
  const alike = await tx.documents(POLICY_VERSIONS).find({ where: { policy, precedence: precedenceOf(version) }, limit })
  return alike.map((known) => ({ version: known.version, digest: known.digest }))
}

/** Stores the live release with its version. Called before another release replaces it. */
export async function recordReleased(tx: Transaction, { id: policy, live, liveSeq }: PolicyRecord): Promise<void> {
  if (live === null) return
  const known = await tx.documents(POLICY_VERSIONS).get(`${policy}@${live.version}`)
  const row = { policy, version: live.version, digest: live.policyDigest, release: live, replacedSeq: liveSeq }
  await tx.documents(POLICY_VERSIONS).put({ ...known, ...row })
}

/** Returns the newest release of this version that was live, however long ago. */
export async function releaseOf(tx: Transaction, { id, live }: PolicyRecord, version: string): Promise<ReleaseDocument | undefined> {
  if (live?.version === version) return live
  return (await tx.documents(POLICY_VERSIONS).get(`${id}@${version}`))?.release ?? undefined
}

/** Returns the newest releases that were live, the current one last. */
export async function releasedOf(tx: Transaction, { id, live }: PolicyRecord): Promise<ReleaseDocument[]> {
  const before = (await newest(tx, id)).flatMap(({ release }) =>
    release === null || release.releaseDigest === live?.releaseDigest ? [] : [release],
  )
  return [...before.toReversed(), ...(live === null ? [] : [live])]
}

/** Returns versions that were replaced, newest first. `after` excludes rows without `replaced_seq`: never live, or never replaced. */
function newest(tx: Transaction, policy: string): Promise<PolicyVersion[]> {
  return tx
    .documents(POLICY_VERSIONS)
    .find({ where: { policy }, orderBy: 'replaced_seq', descending: true, after: Number.MAX_SAFE_INTEGER, limit: NEWEST_READ })
}

function precedenceOf(version: string): string {
  return version.split('+', 1)[0]!
}
