import { isOptionalText, isText } from '#libs/platform'
import { MAX_REASON, type RollbackRequest } from '#libs/contracts'
import { IsBoolean, IsIn, IsNotEmpty, IsOptional, Matches, MaxLength } from 'class-validator'

/** Version of a policy that a rollback makes current. */
class RollbackTargetDto {
  @Matches(/^[a-z0-9]+(-[a-z0-9]+)*$/, { message: 'policy must be a policy id' }) @MaxLength(100) policy!: string
  @isText(200) version!: string
}

export class RollbackRequestDto extends RollbackTargetDto implements RollbackRequest {
  /** Whether the other policies of the bundle stay unchanged. */
  @IsOptional() @IsBoolean() only?: boolean
  @isOptionalText(MAX_REASON) reason?: string

  /** Reason in the notification of partners. */
  @isOptionalText(MAX_REASON) @IsNotEmpty() publicReason?: string
}

/** Query for the policies that a rollback would move. */
export class RollbackPreviewQueryDto extends RollbackTargetDto {
  @IsOptional() @IsIn(['true', 'false']) only?: string
}
