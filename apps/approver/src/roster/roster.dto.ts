import { ROSTERS_AT_ONCE, type Envelope } from '#libs/contracts'
import { isIntegerText, isText, Nested, NestedList } from '#libs/platform'
import { POLICY_ID } from '#libs/policy'
import { ArrayMaxSize, IsArray, IsDefined, IsOptional, IsString, Matches, MaxLength } from 'class-validator'

const MAX_SIGNATURES = 16
const MAX_VERSION = 999_999_999
/** Upper bound; lists written by hand are far shorter. */
const MAX_ACCEPTED = 1_000

export class RosterQueryDto {
  /** Version that the caller has; without it the chain begins with the first roster. */
  @IsOptional() @isIntegerText(0, MAX_VERSION) since?: number
  @IsOptional() @isIntegerText(1, 1_001) limit = ROSTERS_AT_ONCE
}

/** One signature over a proposal's payload, as DSSE. */
export class RosterSignatureDto {
  @Matches(/^SHA256:[A-Za-z0-9+/]{43}$/, { message: 'keyid must be SHA256: and 43 characters' }) keyid!: string
  @isText(256) sig!: string
}

class ProposalEnvelopeDto implements Envelope {
  @IsString() payload!: string
  @isText(100) payloadType!: string
  @NestedList(() => RosterSignatureDto, { max: MAX_SIGNATURES }) signatures!: RosterSignatureDto[]
}

/** The next roster as a statement, with its existing signatures, if any. */
export class RosterProposalDto {
  @IsDefined() @Nested(() => ProposalEnvelopeDto) envelope!: ProposalEnvelopeDto

  /** Policies whose live release readers may refuse once the roster is in force; a roster that affects other policies is rejected. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MAX_ACCEPTED)
  @Matches(POLICY_ID, { each: true, message: 'acceptUnreadable lists ids of policies' })
  @MaxLength(100, { each: true })
  acceptUnreadable?: string[]
}
