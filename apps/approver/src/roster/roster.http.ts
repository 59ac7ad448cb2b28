import { ROSTERS_AT_ONCE, type RosterProposalView, type RosterStep } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { keyThatSigned, Public, RequireScope, rostersAfter, SignedBody, LargeBody, type ProofOf, Paged } from '#libs/service'
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { MAX_PROPOSAL_BYTES, ROSTER_PROPOSALS } from './proposal.table.js'
import { RosterProposals } from './roster-proposals.js'
import { RosterProposalDto, RosterQueryDto, RosterSignatureDto } from './roster.dto.js'

/** Identifies the signer of `{ keyid, sig }` over the proposed roster named in the path, if a person of the roster in force signed. */
const proofOfSignature: ProofOf = async ({ body, params }, { roster, database, now }) => {
  const { keyid, sig } = (body ?? {}) as { keyid?: unknown; sig?: unknown }
  const { digest } = params as { digest: string }
  if (typeof keyid !== 'string' || typeof sig !== 'string' || roster.principalOfKey(keyid)?.kind !== 'person') return undefined
  const proposal = await database.autocommit((tx) => tx.documents(ROSTER_PROPOSALS).get(digest))
  if (proposal === undefined || proposal.envelope.signatures.some((known) => known.keyid === keyid)) return undefined
  const signed = keyThatSigned({ ...proposal.envelope, signatures: [{ keyid, sig }] }, roster, now)
  return signed === undefined ? undefined : { keyid: signed, id: digest }
}

/** Serves the chain of rosters to clients pinned to any of them. A signature on the next one authenticates its signer. */
@Controller('v1/roster')
export class RosterController {
  constructor(
    private readonly database: Database,
    private readonly rosterProposals: RosterProposals,
  ) {}

  /** Returns the rosters after the version that the caller has. */
  @Get()
  @Public()
  @Paged(({ version }: RosterStep) => version, { usual: ROSTERS_AT_ONCE, after: 'since' })
  chain(@Query() { since = -1, limit }: RosterQueryDto): Promise<RosterStep[]> {
    return this.database.transaction((tx) => rostersAfter(tx, since, limit))
  }

  /** Proposes the next roster. */
  @LargeBody({ bytes: 2 * MAX_PROPOSAL_BYTES })
  @Post('proposals')
  @HttpCode(202)
  @RequireScope('operate')
  propose(@Body() body: RosterProposalDto): Promise<RosterProposalView> {
    return this.rosterProposals.propose(body)
  }

  /** Lists the proposed rosters with their signatures. */
  @Get('proposals')
  @Paged(({ digest }: RosterProposalView) => digest)
  proposals(): Promise<RosterProposalView[]> {
    return this.rosterProposals.list()
  }

  /** Accepts a signature on a proposed roster; the last required one brings it into force. */
  @Post('proposals/:digest/signatures')
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfSignature)
  sign(@Param('digest') digest: string, @Body() body: RosterSignatureDto): Promise<RosterProposalView> {
    return this.rosterProposals.sign(digest, body)
  }
}
