import type { Envelope, RosterProposal, RosterSignature } from '#libs/contracts'
import { Nested, NestedList } from '#libs/platform'
import { IsDefined, IsString, Matches, MaxLength } from 'class-validator'

const MAX_SIGNATURES = 16

export class RosterSignatureDto implements RosterSignature {
  @Matches(/^SHA256:[A-Za-z0-9+/]{43}$/, { message: 'keyid must be SHA256: and 43 characters' })
  keyid!: string

  @IsString()
  @MaxLength(256)
  sig!: string
}

class ProposalEnvelopeDto implements Envelope {
  @IsString()
  payload!: string

  @IsString()
  @MaxLength(100)
  payloadType!: string

  @NestedList(() => RosterSignatureDto, { max: MAX_SIGNATURES })
  signatures!: RosterSignatureDto[]
}

export class RosterProposalDto implements RosterProposal {
  @IsDefined()
  @Nested(() => ProposalEnvelopeDto)
  envelope!: ProposalEnvelopeDto
}
