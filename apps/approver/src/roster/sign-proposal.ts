import { action, HmsError, type Envelope, type RosterProposalView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { readSuccessor, rootState, SignatureError, type Roster } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { proposalView } from './proposal-view.js'
import { ROSTER_PROPOSALS } from './proposal.table.js'
import { refusingRosters } from './refused-roster.js'
import { RotateRoster } from './rotate-roster.js'
import { requireReadable } from './unreadable-releases.js'
import type { RosterSignatureDto } from './roster.dto.js'

/** Adds one person's signature to a proposed roster. The signature that meets both root rules puts it into force. */
@Injectable()
export class SignProposal {
  constructor(
    private readonly database: Database,
    private readonly rotation: RotateRoster,
  ) {}

  execute(digest: string, signature: RosterSignatureDto): Promise<RosterProposalView> {
    return this.database.transaction(async (tx) => {
      const current = await this.rotation.lock(tx)
      const now = tx.now.toISOString()
      if (current.digest === digest) {
        requireCounts(current.envelope, signature, [current], now)
        return inForce(current)
      }
      const record = await tx.documents(ROSTER_PROPOSALS).get(digest)
      if (record === undefined) throw uncounted(current, signature)
      const next = refusingRosters(() => readSuccessor(current, record.envelope))
      requireCounts(record.envelope, signature, [current, next], now)
      const signed = { ...record, envelope: withSignature(record.envelope, signature) }
      const view = refusingRosters(() => proposalView(signed, current, next))
      if (view.state === 'WAITING') {
        await tx.documents(ROSTER_PROPOSALS).put(signed)
        return view
      }
      // Checks releases that went live since the proposal.
      await requireReadable(tx, current, next, record.acceptUnreadable ?? [])
      await this.rotation.execute(tx, signed.envelope)
      return view
    })
  }
}

/** Returns the view after another signature was sufficient meanwhile: this one changes nothing. */
function inForce(roster: Roster): RosterProposalView {
  const { digest, version, envelope } = roster
  const { signed, threshold } = rootState(envelope, roster)
  const progress = [{ version, signedBy: signed.map(({ name }) => name), threshold }]
  return { digest, version, envelope, state: 'CURRENT', progress, proposedAt: null }
}

/**
 * Requires a signature that advances the proposal; otherwise unauthorised clients would fill the slots. Expired keys are checked only here:
 * the chain is verified much later, when the time of a signature is unknown.
 */
function requireCounts(envelope: Envelope, signature: RosterSignatureDto, judges: readonly Roster[], now: string): void {
  const alone = { ...envelope, signatures: [signature] }
  try {
    if (judges.some((judge) => judge.isLive(signature.keyid, now) && rootState(alone, judge).signed.length > 0)) return
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
  }
  throw uncounted(judges[0]!, signature)
}

/** Returns the same error for existing and missing proposals: unauthorised clients must not learn which. */
function uncounted(current: Roster, { keyid }: RosterSignatureDto): HmsError {
  if (current.principalOfKey(keyid)?.kind !== 'person') return signerUnknown(keyid)
  return new HmsError(
    'HMS_ROSTER_SIGNATURE_INVALID',
    'No roster that waits here matches the signature, or its key is revoked, past its time, or of no one who keeps the roster.',
    { status: 403, next: [action('roster.show')] },
  )
}

function signerUnknown(keyid: string): HmsError {
  return new HmsError(
    'HMS_ROSTER_SIGNER_UNKNOWN',
    `Neither the roster in force knows a person with key ${keyid}, nor a proposed one that it signed.`,
    { status: 403, next: [action('keys.list')] },
  )
}

function withSignature(envelope: Envelope, { keyid, sig }: RosterSignatureDto): Envelope {
  return { ...envelope, signatures: [...envelope.signatures.filter((known) => known.keyid !== keyid), { keyid, sig }] }
}
