import { action, command, type Envelope, HmsError, type ReleaseDocument, type RosterProposalView } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database, findAll, type Transaction } from '#libs/persistence'
import { Rosters, Signals, storeRoster } from '#libs/service'
import { readSuccessor, rootState, type Roster, orRefusal, SignatureError, unlessRefused } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { MAX_PROPOSAL_BYTES, MAX_PROPOSALS, ROSTER_PROPOSALS, type ProposalRecord } from './proposal.table.js'
import type { RosterProposalDto, RosterSignatureDto } from './roster.dto.js'
import { asOf, POLICIES } from '../policies/policy.table.js'
import { refusedByReaders } from '../policies/refusal-by-readers.js'

/** Collects signatures on proposed rosters. The proposal or signature that meets both root rules puts its roster into force. */
@Injectable()
export class RosterProposals {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
  ) {}

  /** Returns the proposals that follow the roster in force. */
  async list(): Promise<RosterProposalView[]> {
    const roster = this.rosters.newest
    const waiting = await this.database.autocommit((tx) => tx.documents(ROSTER_PROPOSALS).find({ limit: MAX_PROPOSALS }))
    const fitting = waiting.filter(({ version }) => version === roster.version + 1)
    return fitting.map((record) => proposalView(record, roster, readSuccessor(roster, record.envelope)))
  }

  /** Stores a proposed roster for signing; a repeated proposal changes nothing. */
  async propose({ envelope, acceptUnreadable = [] }: RosterProposalDto): Promise<RosterProposalView> {
    if (JSON.stringify(envelope).length > MAX_PROPOSAL_BYTES)
      throw new HmsError('HMS_ROSTER_TOO_LARGE', `A roster has at most ${MAX_PROPOSAL_BYTES} bytes with its signatures.`, { status: 413 })
    return this.database.transaction(async (tx) => {
      const current = await this.lock(tx)
      const next = refusingRosters(() => readSuccessor(current, envelope))
      requireInstallation(next)
      const proposals = tx.documents(ROSTER_PROPOSALS)
      const known = await proposals.get(next.digest)
      if (known === undefined && (await proposals.count()) >= MAX_PROPOSALS) {
        const detail = `${MAX_PROPOSALS} proposals are open already; one of them must come into force first.`
        throw new HmsError('HMS_ROSTER_PROPOSALS_FULL', detail, { status: 409 })
      }
      const accepted = [...new Set([...(known?.acceptUnreadable ?? []), ...acceptUnreadable])].sort()
      await requireReadable(tx, current, next, accepted)
      const record: ProposalRecord = {
        ...(known ?? { digest: next.digest, version: next.version, envelope: membersOnly(envelope), proposedAt: tx.now.toISOString() }),
        ...(accepted.length === 0 ? {} : { acceptUnreadable: accepted }),
      }
      const view = proposalView(record, current, next)
      if (view.state === 'WAITING') await proposals.put(record)
      else await this.rotate(tx, record.envelope)
      return view
    })
  }

  sign(digest: string, signature: RosterSignatureDto): Promise<RosterProposalView> {
    return this.database.transaction(async (tx) => {
      const current = await this.lock(tx)
      const now = tx.now.toISOString()
      if (current.digest === digest) {
        requireUsefulSignature(current.envelope, signature, [current], now)
        return viewInForce(current)
      }
      const record = await tx.documents(ROSTER_PROPOSALS).get(digest)
      if (record === undefined) throw signatureRefused(current, signature) // guard: strangers-proposal
      const next = refusingRosters(() => readSuccessor(current, record.envelope))
      requireUsefulSignature(record.envelope, signature, [current, next], now)
      const { keyid, sig } = signature
      const signatures = [...record.envelope.signatures.filter((known) => known.keyid !== keyid), { keyid, sig }]
      const signed = { ...record, envelope: { ...record.envelope, signatures } }
      const view = refusingRosters(() => proposalView(signed, current, next))
      if (view.state === 'WAITING') {
        await tx.documents(ROSTER_PROPOSALS).put(signed)
        return view
      }
      // Checks releases that went live since the proposal.
      await requireReadable(tx, current, next, record.acceptUnreadable ?? [])
      await this.rotate(tx, signed.envelope)
      return view
    })
  }

  /** Locks the roster and returns the one in force, which another instance may have changed. */
  private async lock(tx: Transaction): Promise<Roster> {
    await tx.lock(['roster'])
    await this.rosters.catchUp(tx)
    return this.rosters.newest
  }

  /** Verifies the complete next roster, notifies other services, and deletes the other proposals. */
  private async rotate(tx: Transaction, complete: Envelope): Promise<void> {
    const next = refusingRosters(() => this.rosters.verify(complete))
    const { version, envelope } = next
    await storeRoster(tx, next, this.rosters, this.signals)
    await this.outbox.emit(tx, 'hms.roster.rotated.v1', { version, envelope }, { key: String(version) })
    const proposals = tx.documents(ROSTER_PROPOSALS)
    for (const { digest } of await proposals.find({ limit: MAX_PROPOSALS })) await proposals.delete(digest)
  }
}

/** Runs `work`, and throws the HTTP error for a refused roster. */
function refusingRosters<T>(work: () => T): T {
  const result = orRefusal(work)
  if (!(result instanceof SignatureError)) return result
  throw new HmsError(result.code, `The roster is refused: ${result.detail}.`, { status: 422, next: [action('roster.show')], cause: result })
}

/** Requires the installation's id; otherwise the signatures would count for every installation whose first roster has the same people. */
function requireInstallation({ namedInstallation, installation }: Roster): void {
  if (namedInstallation !== undefined) return
  const detail = `The roster does not name its installation. Add installation: ${installation}; ${command('roster.propose.verb')} does.`
  throw new HmsError('HMS_ROSTER_INSTALLATION', detail, { status: 422, next: [action('roster.document')] })
}

/** Copies only the known members of an envelope, so a proposer can add nothing else to the published data. */
function membersOnly({ payload, payloadType, signatures }: Envelope): Envelope {
  return { payload, payloadType, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) }
}

/** Returns a proposal with its signers and thresholds by the root rule of the roster in force, and by that rule of the proposed roster. */
function proposalView(record: ProposalRecord, current: Roster, proposed: Roster): RosterProposalView {
  const { digest, version, envelope, proposedAt, acceptUnreadable } = record
  const progress = [current, proposed].map((judge) => {
    const { signed, threshold } = rootState(envelope, judge)
    return { version: judge.version, signedBy: signed.map(({ name }) => name), threshold }
  })
  const state = progress.every(({ signedBy, threshold }) => signedBy.length >= threshold) ? 'CURRENT' : 'WAITING'
  return { digest, version, envelope, state, progress, proposedAt, ...(acceptUnreadable === undefined ? {} : { acceptUnreadable }) }
}

/** Returns the view of a roster that is already in force, to which a further signature adds nothing. */
function viewInForce(roster: Roster): RosterProposalView {
  const { digest, version, envelope } = roster
  const { signed, threshold } = rootState(envelope, roster)
  const progress = [{ version, signedBy: signed.map(({ name }) => name), threshold }]
  return { digest, version, envelope, state: 'CURRENT', progress, proposedAt: null }
}

/**
 * Requires a signature that counts for one of the root rules; otherwise anyone could fill a proposal with worthless signatures. Expired
 * keys are checked only here: the chain is verified much later, when the time of a signature is unknown.
 */
function requireUsefulSignature(envelope: Envelope, signature: RosterSignatureDto, judges: readonly Roster[], now: string): void {
  const alone = { ...envelope, signatures: [signature] }
  const counts = (judge: Roster): boolean => judge.isLive(signature.keyid, now) && rootState(alone, judge).signed.length > 0
  if (unlessRefused(() => judges.some(counts), false)) return
  throw signatureRefused(judges[0]!, signature)
}

/** Returns the same error for existing and missing proposals, so that unauthorised clients cannot learn which exist. */
function signatureRefused(current: Roster, { keyid }: RosterSignatureDto): HmsError {
  if (current.principalOfKey(keyid)?.kind !== 'person') return signerUnknown(keyid)
  const detail = 'The signature matches no proposed roster, or its key is revoked, expired, or not a root key of either roster.'
  return new HmsError('HMS_ROSTER_SIGNATURE_INVALID', detail, { status: 403, next: [action('roster.show')] })
}

function signerUnknown(keyid: string): HmsError {
  const detail = `No person with key ${keyid} is in the roster in force or in a proposed roster that the key signed.`
  return new HmsError('HMS_ROSTER_SIGNER_UNKNOWN', detail, { status: 403, next: [action('keys.list')] })
}

/** Number of releases checked before yielding to other work. */
const SLICE = 100
const MAX_NAMED = 20

/** Throws 409 `HMS_ROSTER_MAKES_UNREADABLE` if only `next` makes readers refuse a live or held release whose id is not in `accepted`. */
async function requireReadable(tx: Transaction, current: Roster, next: Roster, accepted: readonly string[]): Promise<void> {
  const unreadable = (await unreadableUnder(tx, current, next)).filter(({ release }) => !accepted.includes(release.id))
  if (unreadable.length === 0) return // guard: roster-strands-readers
  const ids = [...new Set(unreadable.map(({ release }) => release.id))]
  const named = unreadable.slice(0, MAX_NAMED).map(({ reason }) => reason)
  const more = unreadable.length > named.length ? `, and ${unreadable.length - named.length} more` : ''
  const detail =
    `Under roster ${next.version} readers would refuse live releases: ${named.join('; ')}${more}. Keep the earlier roles, keys and logs ` +
    `that they need (roster show --document prints them), or accept that they become unreadable.`
  throw new HmsError('HMS_ROSTER_MAKES_UNREADABLE', detail, {
    status: 409,
    next: [action('roster.propose.unreadable', { releases: ids.join(' ') }), action('roster.document')],
    state: unreadable.map(({ release: { id, version }, reason }) => ({ id, version, reason })),
  })
}

interface Unreadable {
  release: ReleaseDocument
  reason: string
}

async function unreadableUnder(tx: Transaction, current: Roster, next: Roster): Promise<Unreadable[]> {
  const policies = (await findAll(tx, POLICIES)).map((policy) => asOf(policy, tx.now))
  const releases = policies.flatMap(({ live, next: held }) => [live ?? [], held?.release ?? []].flat())
  const unreadable: Unreadable[] = []
  for (const [index, release] of releases.entries()) {
    if (index % SLICE === SLICE - 1) await new Promise((resolve) => setImmediate(resolve))
    const reason = await refusedByReaders(tx, release, next)
    if (reason !== undefined && (await refusedByReaders(tx, release, current)) === undefined) unreadable.push({ release, reason })
  }
  return unreadable
}
