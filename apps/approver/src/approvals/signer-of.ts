import { action, type ApprovalRequest, HmsError, type ReleaseDocument } from '#libs/contracts'
import { approvalRequirement, authorsOf, checkSignatures, readRelease, unlessRefused, type Roster } from '#libs/signing'
import { type Approval, APPROVALS, keysOfApproval } from '../runs/approval.table.js'
import { type Database, lockedDocument, type Transaction } from '#libs/persistence'

/** Whether a person's key made this signature over one of the prepared releases. Verifies at most one signature. */
export function isSignedBy(
  roster: Roster,
  { releases }: Approval,
  { release, keyid, sig }: ApprovalRequest['signatures'][number],
): boolean {
  const envelope = releases.find(({ releaseDigest }) => releaseDigest === release)?.envelope
  if (envelope === undefined) return false
  try {
    return checkSignatures({ ...envelope, signatures: [{ keyid, sig }] }, roster.keysOfKind('person')).keyids.length > 0
  } catch {
    return false
  }
}

/** Returns the name of the one person whose valid signatures the request contains, one per release. */
export function signerOf(roster: Roster, approval: Approval, request: Pick<ApprovalRequest, 'signatures'>): string {
  const names = approval.releases.map((release) => {
    const provided = request.signatures.filter((signature) => signature.release === release.releaseDigest)
    if (provided.length !== 1) {
      throw new HmsError('HMS_APPROVER_SIGNATURE_MISSING', `${release.id}@${release.version} needs exactly one signature of this signer.`, {
        status: 400,
      })
    }
    const person = roster.principalOfKey(provided[0]!.keyid)
    if (person === undefined || person.kind !== 'person') throw signerUnknown(provided[0]!.keyid)
    if (!isSignedBy(roster, approval, provided[0]!)) {
      const detail = `The signature does not match the bytes prepared for ${release.id}@${release.version}.`
      throw new HmsError('HMS_APPROVER_SIGNATURE_INVALID', detail, { status: 403, next: [action('approve')] })
    }
    requireEligible(roster, release, person)
    return person.name
  })
  if (new Set(names).size > 1)
    throw new HmsError('HMS_APPROVER_SIGNER_MIXED', 'All signatures of a request come from one person.', { status: 400 })
  return names[0]!
}

function signerUnknown(keyid: string): HmsError {
  const detail = `The roster knows no person with key ${keyid}.`
  return new HmsError('HMS_APPROVER_SIGNER_UNKNOWN', detail, { status: 403, next: [action('keys.list')] })
}

/** Throws 403 `HMS_APPROVER_KEY_ENDED` if a key is revoked, or outside its validity at `now`. */
function requireLive(roster: Roster, keyid: string, name: string, now: Date): void {
  if (roster.isLive(keyid, now.toISOString())) return
  const since = roster.revokedSince(keyid)
  const why = since === undefined ? 'is not valid now' : `is revoked since ${since}`
  const detail = `Key ${keyid} of ${name} ${why}: its signatures do not count.`
  throw new HmsError('HMS_APPROVER_KEY_ENDED', detail, { status: 403, next: [action('roster.show')] })
}

/** Whether a person may approve the release or is its author, who may have to sign regardless of roles. */
export function isInvolved(roster: Roster, { envelope }: ReleaseDocument, person: string): boolean {
  const { predicate } = readRelease(envelope)
  const isEligible = unlessRefused(() => approvalRequirement(roster, predicate).eligible.includes(person), false)
  return isEligible || authorsOf(roster, predicate.author).some(({ id }) => id === person)
}

function requireEligible(roster: Roster, release: ReleaseDocument, person: { id: string; name: string }): void {
  if (isInvolved(roster, release, person.id)) return
  const { role } = approvalRequirement(roster, readRelease(release.envelope).predicate)
  throw new HmsError('HMS_APPROVER_NOT_ELIGIBLE', `${person.name} may not approve ${release.id}: role ${role} is required.`, {
    status: 403,
  })
}

/** Returns the releases with the request's signatures; a signature replaces an earlier one by the same key. */
export function withSignatures(releases: readonly ReleaseDocument[], request: Pick<ApprovalRequest, 'signatures'>): ReleaseDocument[] {
  return releases.map((release) => {
    const provided = request.signatures
      .filter((signature) => signature.release === release.releaseDigest)
      .map(({ keyid, sig }) => ({ keyid, sig }))
    const kept = release.envelope.signatures.filter((known) => !provided.some(({ keyid }) => keyid === known.keyid))
    return { ...release, envelope: { ...release.envelope, signatures: [...kept, ...provided] } }
  })
}

/**
 * Runs `work` on the approval with its policies locked. An error that `work` returns is thrown after the commit, so its writes stay. Before
 * `work`, throws 403 `HMS_APPROVER_SIGNER_UNKNOWN`, `_KEY_ENDED` or `_SIGNATURE_INVALID`; the last also hides that an approval is missing.
 */
export async function underLock<T>(
  database: Database,
  roster: Roster,
  request: Pick<ApprovalRequest, 'digest' | 'signatures'>,
  work: (tx: Transaction, approval: Approval) => Promise<T | HmsError>,
): Promise<T> {
  // Needs no database.
  for (const { keyid } of request.signatures) if (roster.principalOfKey(keyid)?.kind !== 'person') throw signerUnknown(keyid)
  const result = await database.transaction(async (tx) => {
    for (const { keyid } of request.signatures) requireLive(roster, keyid, roster.principalOfKey(keyid)!.name, tx.now)
    const known = await tx.documents(APPROVALS).get(request.digest)
    if (known === undefined || !isSignedBy(roster, known, request.signatures[0]!)) throw unmatched() // guard: strangers-prepared
    const approval = await lockedDocument(tx, APPROVALS, request.digest, keysOfApproval)
    if (approval === undefined) throw unmatched()
    return work(tx, approval)
  })
  if (result instanceof HmsError) throw result
  return result
}

function unmatched(): HmsError {
  const detail =
    'The signature matches no preparation stored under this digest; it may have been deleted. Prepare again, and sign the new preparation.'
  return new HmsError('HMS_APPROVER_SIGNATURE_INVALID', detail, { status: 403, next: [action('approve')] })
}
