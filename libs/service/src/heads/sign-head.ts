import { peekPredicate, type HeldRelease, type ReleaseDocument, type SignedHead } from '#libs/contracts'
import { effectiveMs, signHead, type HeadPredicate, type ReleasePredicate, type Signer } from '#libs/signing'

/** A release that readers hold until its time (RFC 3339). */
export interface Upcoming {
  release: ReleaseDocument
  at: string
  /** Number of the run that brings it. */
  run?: number
}

/** `undefined` for a release that is in force at once: its time has come, or had before it was approved. */
export function upcoming(release: ReleaseDocument, now: Date): Upcoming | undefined {
  const ms = effectiveMs(peekPredicate<Pick<ReleasePredicate, 'policy'>>(release.envelope).policy)
  return ms > now.getTime() ? { release, at: new Date(ms).toISOString() } : undefined
}

/** When each release that is not in force yet will be, by policy id. */
export function startTimesOf(releases: readonly ReleaseDocument[], now: Date): Map<string, string> {
  return new Map(releases.flatMap((release) => upcoming(release, now) ?? []).map(({ release, at }) => [release.id, at]))
}

/** The head that makes `current` current and `next` held, with all that a reader needs to believe it. */
export async function signHeadOf(
  head: Omit<HeadPredicate, 'current' | 'next'>,
  current: ReleaseDocument | null,
  next: Upcoming | undefined,
  signer: Signer,
): Promise<SignedHead> {
  const named = { current: current?.releaseDigest ?? null, ...(next === undefined ? {} : { next: nextOf(next) }) }
  const signed = { head: await signHead({ ...head, ...named }, signer), release: current?.envelope ?? null, proof: current?.proof ?? null }
  return next === undefined ? signed : { ...signed, next: broughtBy(next.release) }
}

function broughtBy({ envelope, proof }: ReleaseDocument): HeldRelease {
  return { release: envelope, proof: proof ?? null }
}

function nextOf({ release, at, run }: Upcoming): HeadPredicate['next'] {
  return { release: release.releaseDigest, at, ...(run === undefined ? {} : { run }) }
}
