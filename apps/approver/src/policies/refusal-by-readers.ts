import type { ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { approvalState, readRelease, refusalByReaders, orRefusal, SignatureError, type Roster } from '#libs/signing'
import { withProof } from '#libs/stage'

/**
 * Returns why readers with `roster` would refuse a release that was live, as a sentence without its full stop; `undefined` if they would
 * accept it. A release without a stored proof, logged by an earlier build, is judged as of `at` (default: its preparation time).
 */
export async function refusedByReaders(tx: Transaction, given: ReleaseDocument, roster: Roster, at?: string): Promise<string | undefined> {
  const proven = await withProof(tx, given)
  if (proven.proof === undefined && roster.logPolicy !== undefined) return refusalWithoutProof(given, roster, at)
  return refusalByReaders(proven, roster)?.detail
}

function refusalWithoutProof({ id, version, envelope }: ReleaseDocument, roster: Roster, at?: string): string | undefined {
  const refusal = orRefusal(() => {
    const release = readRelease(envelope)
    const { complete, missing } = approvalState(roster, release, at ?? release.predicate.preparedAt)
    return complete ? undefined : `${id}@${version} lacks approval by ${missing.join(', ')}`
  })
  return refusal instanceof SignatureError ? refusal.detail : refusal
}
