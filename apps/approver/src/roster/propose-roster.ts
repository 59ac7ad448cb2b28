import { action, command, HmsError, type Envelope, type RosterProposalView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { readSuccessor, type Roster } from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { MAX_PROPOSAL_BYTES, MAX_PROPOSALS, ROSTER_PROPOSALS, type ProposalRecord } from './proposal.table.js'
import { proposalView } from './proposal-view.js'
import { refusingRosters } from './refused-roster.js'
import { RotateRoster } from './rotate-roster.js'
import { requireReadable } from './unreadable-releases.js'
import type { RosterProposalDto } from './roster.dto.js'

/** Stores a proposed roster for signing. It has no effect before enough people have signed; a repeated proposal changes nothing. */
@Injectable()
export class ProposeRoster {
  constructor(
    private readonly database: Database,
    private readonly rotation: RotateRoster,
  ) {}

  async execute({ envelope, acceptUnreadable = [] }: RosterProposalDto): Promise<RosterProposalView> {
    if (JSON.stringify(envelope).length > MAX_PROPOSAL_BYTES) {
      throw new HmsError('HMS_ROSTER_TOO_LARGE', `A roster has at most ${MAX_PROPOSAL_BYTES} bytes with its signatures.`, { status: 413 })
    }
    return this.database.transaction(async (tx) => {
      const current = await this.rotation.lock(tx)
      const next = refusingRosters(() => readSuccessor(current, envelope))
      requireInstallation(next)
      const proposals = tx.documents(ROSTER_PROPOSALS)
      const known = await proposals.get(next.digest)
      if (known === undefined && (await proposals.count()) >= MAX_PROPOSALS) {
        throw new HmsError(
          'HMS_ROSTER_PROPOSALS_FULL',
          `${MAX_PROPOSALS} proposals wait already; one of them must come into force first.`,
          { status: 409 },
        )
      }
      const accepted = [...new Set([...(known?.acceptUnreadable ?? []), ...acceptUnreadable])].sort()
      await requireReadable(tx, current, next, accepted)
      const record: ProposalRecord = {
        ...(known ?? { digest: next.digest, version: next.version, envelope: plain(envelope), proposedAt: tx.now.toISOString() }),
        ...(accepted.length === 0 ? {} : { acceptUnreadable: accepted }),
      }
      const view = proposalView(record, current, next)
      if (view.state === 'WAITING') await proposals.put(record)
      else await this.rotation.execute(tx, record.envelope)
      return view
    })
  }
}

/** Requires the installation's id; otherwise the signatures would count for every installation whose first roster has the same people. */
function requireInstallation({ namedInstallation, installation }: Roster): void {
  if (namedInstallation !== undefined) return
  throw new HmsError(
    'HMS_ROSTER_INSTALLATION',
    `The roster does not say which installation it is for. Add installation: ${installation}; ${command('roster.propose.verb')} does.`,
    { status: 422, next: [action('roster.document')] },
  )
}

/** Copies the members of an envelope only, so a proposer can add nothing to the published data. */
function plain({ payload, payloadType, signatures }: Envelope): Envelope {
  return { payload, payloadType, signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })) }
}
