import { isIntegerText } from '#libs/platform'
import { TILE_WIDTH } from '#libs/signing'
import { IsOptional, IsString, Length } from 'class-validator'

export class ProofQueryDto {
  @IsString() @Length(1, 200) policy!: string
  @IsString() @Length(1, 100) version!: string
}

/** Query for the releases of `limit` entries from an index on; by default as many as a tile has, which is the maximum. */
export class ReleasesQueryDto {
  @isIntegerText(0)
  from!: number

  @IsOptional()
  @isIntegerText(1, TILE_WIDTH)
  limit?: number
}
