import { action, HmsError, NOT_BY_CALLER, peekPredicate, type ConfigDocument, type PastPolicyView } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { verifiedChange, STABLE_SCOPE, type HeadPredicate, type ReleasePredicate, type Roster } from '#libs/signing'
import { LIVE_HEADS, LIVE_RELEASES, type LiveHead, type LiveRelease } from '../heads/live-history.js'
import { provenanceOf } from '../heads/origin.js'
import { periodAt, effectivePeriods, type RecordedHead, type EffectivePeriod } from './effective-periods.js'

/** Number of heads read per query. */
export const PAGE = 50
/** Limit of heads of one policy that one query may read: far more than people sign in a decade. */
export const MAX_HEADS = 5_000

/** Returns the heads of a policy below `seq`, newest first; without `seq`, from the newest on. */
export function headsBelow(tx: Transaction, policy: string, seq: number | undefined, limit = PAGE): Promise<LiveHead[]> {
  return tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', descending: true, after: seq, limit })
}

interface FoundPeriod {
  period: EffectivePeriod
  head: LiveHead
  until: string | null
}

export function withNext(head: LiveHead): RecordedHead {
  return { ...head, next: peekPredicate<HeadPredicate>(head.head).next }
}

/**
 * Returns the policy in force for all at `atMs`, as known at `knownMs`: the newest head stored by both times decides. If `atMs` is after
 * `knownMs`, a release that this head holds counts from its effective time. Throws 404 if nothing was in force.
 */
export async function policyAt(
  tx: Transaction,
  policy: string,
  { atMs, knownMs, roster }: { atMs: number; knownMs: number; roster?: Roster },
): Promise<PastPolicyView> {
  const base = await newestBy(tx, policy, Math.min(atMs, knownMs))
  const after = base === undefined ? [] : await headsAfter(tx, base, { atMs, knownMs })
  const found = base && (await findPeriod(tx, policy, [base, ...after], (periods) => periodAt(periods, atMs)))
  // The head that decided at that time is the proof: the head that began the period may hold a release that was rolled back since.
  const view = found && (await viewOf(tx, policy, { ...found, head: base }, roster))
  if (view !== undefined) return view
  const [at, known] = [atMs, knownMs].map((ms) => new Date(ms).toISOString())
  throw notFound(policy, `No version of ${policy} was in force at ${at}${atMs > knownMs ? `, as known at ${known}` : ''}.`)
}

/** Returns a version's content, and when it was last in force for all. Throws 404 for a version that never was. */
export async function policyVersion(tx: Transaction, policy: string, version: string, roster?: Roster): Promise<PastPolicyView> {
  // A version that was signed again is another release.
  const digests = new Set((await tx.documents(LIVE_RELEASES).find({ where: { policy, version } })).map(({ digest }) => digest))
  const [newest] = await headsBelow(tx, policy, undefined, 1)
  const found =
    newest &&
    digests.size > 0 &&
    (await findPeriod(tx, policy, [newest], (periods) => periods.findLastIndex(({ digest }) => digest !== null && digests.has(digest))))
  const view = found && (await viewOf(tx, policy, found, roster))
  if (view) return view
  throw notFound(policy, `${policy}@${version} was never in force for all.`)
}

/** Returns the effective period that `pick` selects. `heads` ascend; earlier ones are read until the period's start is found. */
async function findPeriod(
  tx: Transaction,
  policy: string,
  heads: LiveHead[],
  pick: (periods: readonly EffectivePeriod[]) => number,
): Promise<FoundPeriod | undefined> {
  for (;;) {
    const periods = effectivePeriods(heads.map(withNext))
    const index = pick(periods)
    const below = index > 0 ? [] : await headsBelow(tx, policy, heads[0]!.seq)
    if (below.length > 0 && heads.length < MAX_HEADS) {
      heads = [...below.toReversed(), ...heads]
      continue
    }
    const period = periods[index]
    if (period === undefined) return undefined
    return { period, head: heads.find(({ seq }) => seq === period.seq)!, until: periods[index + 1]?.from ?? null }
  }
}

/** Returns the newest head stored by `ms`; of several stored at the same moment, the head with the highest `seq`. */
async function newestBy(tx: Transaction, policy: string, ms: number): Promise<LiveHead | undefined> {
  const after = new Date(ms + 1).toISOString()
  const [found] = await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'stored_at', descending: true, after, limit: 1 })
  if (found === undefined) return undefined
  const same = await tx.documents(LIVE_HEADS).find({ where: { policy }, orderBy: 'seq', after: found.seq - 1, limit: PAGE })
  return same.findLast(({ storedAt }) => Date.parse(storedAt) <= ms) ?? found
}

/** Returns the known heads after `base`, up to the one that ends the effective period at `atMs`. */
async function headsAfter(tx: Transaction, base: LiveHead, { atMs, knownMs }: { atMs: number; knownMs: number }): Promise<LiveHead[]> {
  const heads: LiveHead[] = []
  const where = { policy: base.policy }
  while (heads.length < MAX_HEADS) {
    const page = await tx.documents(LIVE_HEADS).find({ where, orderBy: 'seq', after: heads.at(-1)?.seq ?? base.seq, limit: PAGE })
    const known = page.filter(({ storedAt }) => Date.parse(storedAt) <= knownMs)
    heads.push(...known)
    const periods = effectivePeriods([base, ...heads].map(withNext))
    if (known.length < PAGE || periodAt(periods, atMs) < periods.length - 1) break
  }
  return heads
}

async function viewOf(
  tx: Transaction,
  policy: string,
  { period, head, until }: FoundPeriod,
  roster: Roster | undefined,
): Promise<PastPolicyView | undefined> {
  const release = await releaseOf(tx, period.digest)
  if (release === undefined) return undefined
  const { version, digest } = release
  const predicate = peekPredicate<ReleasePredicate>(release.release)
  const stated = roster && verifiedChange(period.change, { policy, seq: period.seq }, roster)
  return {
    id: policy,
    version,
    revision: period.revision,
    source: 'history',
    scope: STABLE_SCOPE,
    since: period.from,
    until,
    recordedAt: period.recordedAt,
    value: predicate.policy,
    verification: NOT_BY_CALLER,
    provenance: provenanceOf({ run: period.run, digest, predicate }, release, stated),
    record: await recordOf(tx, policy, head),
  }
}

/** Returns the document in the form readers got, with which they can verify this view. */
export async function recordOf(tx: Transaction, policy: string, { seq, revision, digest, run, head }: LiveHead): Promise<ConfigDocument> {
  const nextDigest = peekPredicate<HeadPredicate>(head).next?.release ?? null
  const [current, next] = [await releaseOf(tx, digest), await releaseOf(tx, nextDigest)]
  return {
    id: policy,
    scope: STABLE_SCOPE,
    seq,
    revision,
    digest,
    version: current?.version ?? null,
    run,
    head,
    release: current?.release ?? null,
    proof: current?.proof ?? null,
    ...(next === undefined ? {} : { next: { release: next.release, proof: next.proof } }),
  }
}

export async function releaseOf(tx: Transaction, digest: string | null): Promise<LiveRelease | undefined> {
  return digest === null ? undefined : tx.documents(LIVE_RELEASES).get(digest)
}

function notFound(policy: string, detail: string): HmsError {
  return new HmsError('HMS_POLICY_NOT_FOUND', detail, { status: 404, next: [action('history', { policy })] })
}
