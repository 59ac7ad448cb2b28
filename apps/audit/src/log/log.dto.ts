import { toNumber } from '#libs/platform'
import { IsInt, IsString, Length, Max, Min } from 'class-validator'

export class ProofQueryDto {
  @IsString()
  @Length(1, 200)
  policy!: string

  @IsString()
  @Length(1, 100)
  version!: string
}

/** Entries from this index on, as many as a tile has. */
export class ReleasesQueryDto {
  @toNumber
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  from!: number
}
