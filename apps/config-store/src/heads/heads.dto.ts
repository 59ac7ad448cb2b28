import type { Envelope, HeldRelease, IssuedHeads, LogProof, SignedFreshness, SignedHead } from '#libs/contracts'
import { Type } from 'class-transformer'
import { ArrayMaxSize, ArrayMinSize, IsArray, IsDefined, IsOptional, IsString, MaxLength, ValidateIf, ValidateNested } from 'class-validator'
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

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => EnvelopeSignatureDto)
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
  @ValidateNested()
  @Type(() => EnvelopeDto)
  release!: EnvelopeDto

  @IsOptional()
  @ValidateNested()
  @Type(() => LogProofDto)
  proof?: LogProofDto | null
}

class SignedHeadDto implements SignedHead {
  @IsDefined()
  @ValidateNested()
  @Type(() => EnvelopeDto)
  head!: EnvelopeDto

  @ValidateIf((_head, value) => value !== null)
  @IsDefined()
  @ValidateNested()
  @Type(() => EnvelopeDto)
  release!: EnvelopeDto | null

  @IsOptional()
  @ValidateNested()
  @Type(() => LogProofDto)
  proof?: LogProofDto | null

  @IsOptional()
  @ValidateNested()
  @Type(() => HeldReleaseDto)
  next?: HeldReleaseDto | null
}

export class IssuedHeadsDto implements IssuedHeads {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_HEADS)
  @ValidateNested({ each: true })
  @Type(() => SignedHeadDto)
  heads!: SignedHeadDto[]
}

export class SignedFreshnessDto implements SignedFreshness {
  @IsDefined()
  @ValidateNested()
  @Type(() => EnvelopeDto)
  freshness!: EnvelopeDto
}
