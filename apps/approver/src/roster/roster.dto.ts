import type { Envelope, RosterProposal, RosterSignature } from '#libs/contracts'
import { Type } from 'class-transformer'
import { ArrayMaxSize, IsArray, IsDefined, IsString, Matches, MaxLength, ValidateNested } from 'class-validator'

const MAX_SIGNATURES = 16

export class RosterSignatureDto implements RosterSignature {
  @Matches(/^SHA256:[A-Za-z0-9+/]{43}$/, { message: 'keyid must be SHA256: and 43 characters' })
  keyid!: string

  @IsString()
  @MaxLength(256)
  sig!: string
}

class EnvelopeDto implements Envelope {
  @IsString()
  payload!: string

  @IsString()
  @MaxLength(100)
  payloadType!: string

  @IsArray()
  @ArrayMaxSize(MAX_SIGNATURES)
  @ValidateNested({ each: true })
  @Type(() => RosterSignatureDto)
  signatures!: RosterSignatureDto[]
}

export class RosterProposalDto implements RosterProposal {
  @IsDefined()
  @ValidateNested()
  @Type(() => EnvelopeDto)
  envelope!: EnvelopeDto
}
