import { MAX_REASON, type RollbackRequest } from '#libs/contracts'
import { IsBoolean, IsIn, IsNotEmpty, IsOptional, IsString, Matches, MaxLength } from 'class-validator'

export class RollbackRequestDto implements RollbackRequest {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'policy must be a policy id' })
  @MaxLength(100)
  policy!: string

  @IsString()
  @MaxLength(200)
  version!: string

  /** Leave the other policies of a bundle where they are. */
  @IsOptional()
  @IsBoolean()
  only?: boolean

  @IsOptional()
  @IsString()
  @MaxLength(MAX_REASON)
  reason?: string

  /** What partners are told. */
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  @MaxLength(MAX_REASON)
  publicReason?: string
}

/** What a rollback would move. */
export class RollbackPreviewQueryDto {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'policy must be a policy id' })
  @MaxLength(100)
  policy!: string

  @IsString()
  @MaxLength(200)
  version!: string

  @IsOptional()
  @IsIn(['true', 'false'])
  only?: string
}
