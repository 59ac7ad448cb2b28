import { IsIn, IsOptional } from 'class-validator'

export class FreezesQueryDto {
  /** Whether each freeze includes the signed statements that declared and lifted it. */
  @IsOptional() @IsIn(['true', 'false']) signed?: 'true' | 'false'
}
