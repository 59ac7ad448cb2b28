import { HmsError, type Envelope, type PolicyHistoryEntry } from '#libs/contracts'
import { differenceOf, diffPolicies, type PolicyDocument } from '#libs/policy'
import { verifiedChange, effectiveMs, historyChange, isFarAhead, STABLE_SCOPE, type Roster, type VerifiedRelease } from '#libs/signing'
import { unverifiedHistory, verifiedByAny } from './verify-past.js'

/** History entry with signed values in place of the store's claims. With `refusal`, none of its values is verified. */
export interface JudgedEntry {
  entry: PolicyHistoryEntry
  refusal?: HmsError
  /** The release before this entry does not verify, so the change is unknown. */
  isChangeUnknown?: boolean
}

interface Proven {
  release: VerifiedRelease | null
  run: number | null
  change: Envelope | undefined
}

/** Verifies entries of a signed history, newest first, as `verifyPastPolicy` does. Times and completeness are the store's claims. */
export function verifyHistory(id: string, entries: readonly PolicyHistoryEntry[], rosters: readonly Roster[]): JudgedEntry[] {
  const proofs = entries.map((entry, index) => attempt(() => prove(id, entry, { above: entries[index - 1], rosters })))
  return entries.map(({ record: _record, ...entry }, index) => {
    const proof = proofs[index]!
    if (proof instanceof HmsError) return { entry, refusal: proof }
    const below = proofs.slice(index + 1)
    const isChangeUnknown = below[0] instanceof HmsError
    const earlier = below.flatMap((each) => (each instanceof HmsError ? [] : (each.release ?? [])))
    const before = below[0] instanceof HmsError ? undefined : below[0]?.release
    const context = { ...proof, earlier, before: before ?? undefined, isChangeUnknown }
    return { entry: provenEntry(entry, context), ...(isChangeUnknown ? { isChangeUnknown } : {}) }
  })
}

function prove(
  id: string,
  entry: PolicyHistoryEntry,
  { above, rosters }: { above: PolicyHistoryEntry | undefined; rosters: readonly Roster[] },
): Proven {
  const { seq, digest, from, recordedAt } = entry
  const { head, release, next } = verifiedByAny(entry.record, rosters)
  if (head.policy !== id || head.scope !== STABLE_SCOPE || head.seq !== seq)
    throw unverifiedHistory(`the returned head is ${head.seq} of ${head.policy}@${head.scope}`)
  if (above !== undefined && (above.seq < seq || (above.seq === seq && above.digest === digest)))
    throw unverifiedHistory(`head ${seq} is listed after head ${above.seq}`)
  const isNext = digest !== null && next?.release.digest === digest && digest !== head.current
  const verified = isNext ? next.release : release
  if ((verified?.digest ?? null) !== digest) throw unverifiedHistory('its head names another release')
  if (isFarAhead(head.issuedAt, Date.parse(recordedAt)) || isFarAhead(head.issuedAt, Date.parse(from)))
    throw unverifiedHistory(`its head was issued at ${head.issuedAt}, after its stated time in force`)
  if (verified !== null && isFarAhead(new Date(effectiveMs(verified.predicate.policy)).toISOString(), Date.parse(from)))
    throw unverifiedHistory(`${verified.predicate.policy.version} is in force from ${String(verified.predicate.policy['effective'])}`)
  return { release: verified, run: (isNext ? head.next?.run : head.run) ?? null, change: provenChange(id, entry, rosters) }
}

function provenChange(policy: string, { change, seq }: PolicyHistoryEntry, rosters: readonly Roster[]): Envelope | undefined {
  if (change === undefined) return undefined
  if (rosters.some((roster) => verifiedChange(change, { policy, seq }, roster) !== undefined)) return change
  throw unverifiedHistory('rollout did not sign why it came into force')
}

function provenEntry(
  { seq, revision, from, until, recordedAt }: PolicyHistoryEntry,
  {
    release,
    run,
    change,
    earlier,
    before,
    isChangeUnknown,
  }: Proven & { earlier: readonly VerifiedRelease[]; before: VerifiedRelease | undefined; isChangeUnknown: boolean },
): PolicyHistoryEntry {
  const to = release && policyOf(release)
  return {
    version: release?.predicate.policy.version ?? null,
    digest: release?.digest ?? null,
    run,
    seq,
    revision,
    author: release?.predicate.author ?? null,
    approvedBy: release?.approvedBy ?? [],
    ...historyChange(change, release ?? undefined, earlier),
    from,
    until,
    recordedAt,
    differences: to === null || isChangeUnknown ? [] : diffPolicies(before && policyOf(before), to).map(differenceOf),
    ...(change === undefined ? {} : { change }),
  }
}

function policyOf({ predicate }: VerifiedRelease): PolicyDocument {
  return predicate.policy as unknown as PolicyDocument
}

/** Returns the proof or the refusal. A member of a wrong type is a refusal too. */
function attempt(check: () => Proven): Proven | HmsError {
  try {
    return check()
  } catch (error) {
    if (error instanceof HmsError && error.code === 'HMS_VERIFY_HISTORY') return error
    if (error instanceof TypeError || error instanceof RangeError) return unverifiedHistory('the entry is malformed')
    throw error
  }
}
