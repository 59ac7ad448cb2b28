import { action, HmsError, peekPredicate, type FallbacksView, type ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { MAX_FALLBACKS, refOf, type ReleasePredicate, type ReleaseRef, type Roster } from '#libs/signing'
import type { PolicyRecord } from '../policies/policy.table.js'
import { releasedOf } from '../policies/policy-version.table.js'
import { refusedByReaders } from '../policies/refusal-by-readers.js'

/** Releases that a new release may name as fallbacks. */
export interface KnownReleases {
  /** Releases that were live, the current one last. */
  released: readonly ReleaseDocument[]
  /** Reasons why readers would refuse some of them, by release digest. A rollback to such a release needs new signatures. */
  refused: ReadonlyMap<string, string>
}

/** Returns the releases of `released` that a new release may name as fallbacks: the live release, its fallbacks, and the given versions. */
export function offered(record: PolicyRecord, released: readonly ReleaseDocument[], versions: readonly string[] = []): ReleaseDocument[] {
  const digests = new Set(wantedBy(record, record.live).map(({ digest }) => digest))
  return released.filter(({ releaseDigest, version }) => digests.has(releaseDigest) || versions.includes(version))
}

/** Returns why readers with `roster` would refuse releases, by release digest; releases that readers accept are left out. */
export async function refusedOf(tx: Transaction, released: readonly ReleaseDocument[], roster: Roster): Promise<Map<string, string>> {
  const refused = new Map<string, string>()
  for (const release of released) {
    const why = await refusedByReaders(tx, release, roster)
    if (why !== undefined) refused.set(release.releaseDigest, why)
  }
  return refused
}

/** Returns up to `MAX_FALLBACKS` that readers accept: predecessor, live release, then the named ones, else the predecessor's fallbacks. */
export function fallbacksOf(
  record: PolicyRecord,
  known: KnownReleases,
  predecessor: ReleaseDocument | null,
  named: readonly string[],
): ReleaseRef[] {
  const wanted = named.map((name) => refOf(releaseNamed(record, known, name)))
  const refs = wantedBy(record, predecessor, named.length > 0 ? wanted : undefined)
  return refs.filter(({ digest }) => !known.refused.has(digest)).slice(0, MAX_FALLBACKS)
}

/** Returns the candidates for fallbacks without duplicates. `named` replaces the predecessor's own fallbacks. */
function wantedBy({ live }: PolicyRecord, predecessor: ReleaseDocument | null, named?: readonly ReleaseRef[]): ReleaseRef[] {
  const first = [predecessor, live].flatMap((release) => (release === null ? [] : [refOf(release)]))
  const own = predecessor === null ? [] : peekPredicate<ReleasePredicate>(predecessor.envelope).fallbacks
  const refs = [...first, ...(named ?? own)]
  return refs.filter((ref, index) => refs.findIndex((other) => other.digest === ref.digest) === index)
}

function releaseNamed({ id }: PolicyRecord, { released, refused }: KnownReleases, name: string): ReleaseDocument {
  const version = name.slice(id.length + 1)
  const release = released.findLast((known) => known.version === version)
  if (release === undefined)
    throw new HmsError('HMS_APPROVER_FALLBACK_UNKNOWN', `${name} was never live, so it cannot be a fallback.`, {
      status: 409,
      next: [action('get', { policy: id })],
      state: released.map((known) => `${id}@${known.version}`),
    })
  const why = refused.get(release.releaseDigest)
  if (why === undefined) return release
  const detail = `Readers would refuse ${name} as fallback: ${why}.`
  throw new HmsError('HMS_APPROVER_FALLBACK_REFUSED', detail, { status: 409, next: [action('rollback', { policy: id, version })] })
}

/** Returns the possible fallbacks of the next release of a policy, and the candidates that readers would refuse. */
export async function fallbacksView(tx: Transaction, record: PolicyRecord, roster: Roster): Promise<FallbacksView> {
  const wanted = wantedBy(record, record.live)
  const released = offered(record, await releasedOf(tx, record))
  const refused = await refusedOf(tx, released, roster)
  const fallbacks = fallbacksOf(record, { released, refused }, record.live, []).map(({ version }) => version)
  const lost = wanted.filter(({ digest }) => refused.has(digest))
  return { policy: record.id, fallbacks, refused: lost.map(({ version, digest }) => ({ version, reason: refused.get(digest)! })) }
}
