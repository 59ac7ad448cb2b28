import type { Envelope, HeldRelease, IssuedHeads, LogProof, SignedFreshness, SignedHead } from '#libs/contracts'
import { Nested, NestedList } from '#libs/platform'
import { MAX_SIGNATURES } from '#libs/signing'
import { IsDefined, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator'
import { MAX_HEADS } from './store-heads.js'

class EnvelopeSignatureDto {
  @IsString()
  keyid!: string

  @IsString()
  sig!: string
}

class EnvelopeDto implements Envelope {
  @IsString()
  payload!: string

  @IsString()
  payloadType!: string

  @NestedList(() => EnvelopeSignatureDto, { max: MAX_SIGNATURES })
  signatures!: EnvelopeSignatureDto[]
}

class LogProofDto implements LogProof {
  @IsString()
  @MaxLength(65_535)
  entry!: string

  @IsString()
  @MaxLength(65_535)
  proof!: string
}

class HeldReleaseDto implements HeldRelease {
  @IsDefined()
  @Nested(() => EnvelopeDto)
  release!: EnvelopeDto

  @IsOptional()
  @Nested(() => LogProofDto)
  proof?: LogProofDto | null
}

class SignedHeadDto implements SignedHead {
  @IsDefined()
  @Nested(() => EnvelopeDto)
  head!: EnvelopeDto

  @ValidateIf((_head, value) => value !== null)
  @IsDefined()
  @Nested(() => EnvelopeDto)
  release!: EnvelopeDto | null

  @IsOptional()
  @Nested(() => LogProofDto)
  proof?: LogProofDto | null

  @IsOptional()
  @Nested(() => HeldReleaseDto)
  next?: HeldReleaseDto | null
}

export class IssuedHeadsDto implements IssuedHeads {
  @NestedList(() => SignedHeadDto, { min: 1, max: MAX_HEADS })
  heads!: SignedHeadDto[]
}

export class SignedFreshnessDto implements SignedFreshness {
  @IsDefined()
  @Nested(() => EnvelopeDto)
  freshness!: EnvelopeDto
}
