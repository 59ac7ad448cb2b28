import { packHeads, peekPredicate, type IssuedHeads, type ReleaseDocument, type SignedHead } from '#libs/contracts'
import { bundleOfHeads, effectiveMs, signHead, type HeadPredicate, type ReleasePredicate, type Signer } from '#libs/signing'

/** A release that readers hold until its effective time (RFC 3339). */
export interface Upcoming {
  release: ReleaseDocument
  at: string
  /** `seq` of the stable head that first announced the release. */
  sinceSeq?: number
  run?: number
}

/** Returns a release with its future effective time; `undefined` for a release in force immediately. */
export function upcoming(release: ReleaseDocument, now: Date): Upcoming | undefined {
  const ms = effectiveMs(peekPredicate<Pick<ReleasePredicate, 'policy'>>(release.envelope).policy)
  return ms > now.getTime() ? { release, at: new Date(ms).toISOString() } : undefined
}

/** Returns the future effective times of releases, by policy id. */
export function startTimesOf(releases: readonly ReleaseDocument[], now: Date): Map<string, string> {
  return new Map(releases.flatMap((release) => upcoming(release, now) ?? []).map(({ release, at }) => [release.id, at]))
}

export interface HeadToSign {
  head: Omit<HeadPredicate, 'current' | 'next' | 'bundle'>
  current: ReleaseDocument | null
  next?: Upcoming
}

/** Signs heads that are stored together, each with all data that a reader needs to verify it. Several heads bind each other by a digest. */
export async function signHeads(heads: readonly HeadToSign[], signer: Signer): Promise<IssuedHeads> {
  const predicates = heads.map(({ head, current, next }): HeadPredicate => {
    if (next === undefined) return { ...head, current: current?.releaseDigest ?? null }
    const { release, at, sinceSeq, run } = next
    return { ...head, current: current?.releaseDigest ?? null, next: { release: release.releaseDigest, at, sinceSeq, run } }
  })
  const bundle = predicates.length > 1 ? { bundle: bundleOfHeads(predicates) } : {}
  const signed = heads.map(async ({ current, next }, index): Promise<SignedHead> => {
    const head = await signHead({ ...predicates[index]!, ...bundle }, signer)
    const signedHead = { head, release: current?.envelope ?? null, proof: current?.proof ?? null }
    if (next === undefined) return signedHead
    const { envelope: release, proof = null } = next.release
    return { ...signedHead, next: { release, proof } }
  })
  return packHeads(await Promise.all(signed))
}
