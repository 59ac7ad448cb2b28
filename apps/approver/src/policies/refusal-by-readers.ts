import type { ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { approvalState, readRelease, refusalByReaders, SignatureError, type Roster } from '#libs/signing'
import { withProof } from '#libs/stage'

/**
 * Returns why readers with `roster` would refuse a release that was live, as a sentence without its full stop; `undefined` if they would
 * accept it. A release logged before this service stored proofs has no stored proof and is judged as of its preparation time.
 */
export async function refusedByReaders(tx: Transaction, release: ReleaseDocument, roster: Roster): Promise<string | undefined> {
  const proven = await withProof(tx, release)
  if (proven.proof === undefined && roster.logPolicy !== undefined) return refusedUnproven(release, roster)
  return refusalByReaders(proven, roster)?.detail
}

function refusedUnproven({ id, version, envelope }: ReleaseDocument, roster: Roster): string | undefined {
  try {
    const release = readRelease(envelope)
    const { complete, missing } = approvalState(roster, release, release.predicate.preparedAt)
    return complete ? undefined : `${id}@${version} lacks approval by ${missing.join(', ')}`
  } catch (error) {
    if (error instanceof SignatureError) return error.detail
    throw error
  }
}
