import type { Envelope, RosterProposal, RosterSignature } from '#libs/contracts'
import { Nested, NestedList, toNumber } from '#libs/platform'
import { POLICY_ID } from '#libs/policy'
import { ArrayMaxSize, IsArray, IsDefined, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min } from 'class-validator'

const MAX_SIGNATURES = 16
const MAX_VERSION = 999_999_999
/** More than anybody accepts by name. */
const MAX_ACCEPTED = 1_000

export class RosterQueryDto {
  /** Version that the caller has; without it the chain begins with the first. */
  @IsOptional()
  @toNumber
  @IsInt()
  @Min(0)
  @Max(MAX_VERSION)
  since?: number
}

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

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ACCEPTED)
  @Matches(POLICY_ID, { each: true, message: 'acceptUnreadable lists ids of policies' })
  @MaxLength(100, { each: true })
  acceptUnreadable?: string[]
}
