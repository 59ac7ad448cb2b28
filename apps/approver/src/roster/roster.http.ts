import type { RosterProposalView, RosterStep } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Public, RequireScope, Rosters, rostersAfter, SignedBody, TakesBody } from '#libs/service'
import { readSuccessor } from '#libs/signing'
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common'
import { MAX_PROPOSAL_BYTES, MAX_PROPOSALS, ROSTER_PROPOSALS } from './proposal.table.js'
import { proposalView } from './proposal-view.js'
import { proofOfSignature } from './proof-of-signature.js'
import { ProposeRoster } from './propose-roster.js'
import { RosterProposalDto, RosterQueryDto, RosterSignatureDto } from './roster.dto.js'
import { SignProposal } from './sign-proposal.js'

/**
 * The chain of rosters for anyone who is pinned to one of them, and the next one while people sign it. A signature is its own proof of who
 * asks.
 */
@Controller('v1/roster')
export class RosterController {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly proposeRoster: ProposeRoster,
    private readonly signProposal: SignProposal,
  ) {}

  @Get()
  @Public()
  chain(@Query() { since = -1 }: RosterQueryDto): Promise<RosterStep[]> {
    return this.database.transaction((tx) => rostersAfter(tx, since))
  }

  @TakesBody({ bytes: 2 * MAX_PROPOSAL_BYTES })
  @Post('proposals')
  @HttpCode(202)
  @RequireScope('operate')
  propose(@Body() body: RosterProposalDto): Promise<RosterProposalView> {
    return this.proposeRoster.execute(body)
  }

  @Get('proposals')
  async proposals(): Promise<RosterProposalView[]> {
    const { database } = this
    const roster = this.rosters.newest
    const waiting = await database.transaction((tx) => tx.documents(ROSTER_PROPOSALS).find({ limit: MAX_PROPOSALS }))
    const fitting = waiting.filter(({ version }) => version === roster.version + 1)
    return fitting.map((record) => proposalView(record, roster, readSuccessor(roster, record.envelope)))
  }

  @Post('proposals/:digest/signatures')
  @HttpCode(202)
  @Public()
  @SignedBody(proofOfSignature)
  sign(@Param('digest') digest: string, @Body() body: RosterSignatureDto): Promise<RosterProposalView> {
    return this.signProposal.execute(digest, body)
  }
}
