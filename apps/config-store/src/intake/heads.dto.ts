import {
  MAX_POLICIES_OF_RUN,
  type Envelope,
  type IssuedHead,
  type IssuedHeads,
  type IssuedNext,
  type ProofPlace,
  type SharedProof,
  type SignedFreshness,
} from '#libs/contracts'
import { isText, Nested, NestedList, isTexts } from '#libs/platform'
import { MAX_SIGNATURES } from '#libs/signing'
import { IsDefined, IsInt, IsOptional, IsString, Min, ValidateIf } from 'class-validator'

class EnvelopeSignatureDto {
  @IsString() keyid!: string
  @IsString() sig!: string
}

class EnvelopeDto implements Envelope {
  @IsString() payload!: string
  @IsString() payloadType!: string
  @NestedList(() => EnvelopeSignatureDto, { max: MAX_SIGNATURES }) signatures!: EnvelopeSignatureDto[]
}

/** Limit of hashes in a proof path through the tree over a run's releases. */
const MAX_PATH = 8

class ProofPlaceDto implements ProofPlace {
  @IsInt() @Min(0) of!: number
  @IsInt() @Min(0) index!: number
  @isTexts(MAX_PATH) path!: string[]
}

class SharedProofDto implements SharedProof {
  @isText(65_535) entry!: string
  @isText(65_535) proof!: string
}

class IssuedNextDto implements IssuedNext {
  @IsDefined() @Nested(() => EnvelopeDto) release!: EnvelopeDto
  @IsOptional() @Nested(() => ProofPlaceDto) proof?: ProofPlaceDto | null
}

class IssuedHeadDto implements IssuedHead {
  @IsDefined() @Nested(() => EnvelopeDto) head!: EnvelopeDto
  @ValidateIf((_head, value) => value !== null) @IsDefined() @Nested(() => EnvelopeDto) release!: EnvelopeDto | null
  @IsOptional() @Nested(() => ProofPlaceDto) proof?: ProofPlaceDto | null
  @IsOptional() @Nested(() => IssuedNextDto) next?: IssuedNextDto | null
}

export class IssuedHeadsDto implements IssuedHeads {
  @NestedList(() => IssuedHeadDto, { min: 1, max: MAX_POLICIES_OF_RUN }) heads!: IssuedHeadDto[]

  /** Proofs of the releases in force, and of the held ones. */
  @NestedList(() => SharedProofDto, { max: 2 * MAX_POLICIES_OF_RUN }) proofs!: SharedProofDto[]
  @IsOptional() @Nested(() => EnvelopeDto) change?: EnvelopeDto
}

export class SignedFreshnessDto implements SignedFreshness {
  @IsDefined() @Nested(() => EnvelopeDto) freshness!: EnvelopeDto
}
